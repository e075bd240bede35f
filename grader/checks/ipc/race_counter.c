/* race_counter - threads add while others ask for the total
 * usage: race_counter ROUNDS
 */
#include "counter.h"

#include <stdio.h>
#include <stdlib.h>

/* Atomic additions are so quick that without many of them one thread may have
 * ended before the next one begins, on a busy machine. */
enum { THREADS = 4, MORE = 10 };

static struct counter counter;
static long rounds;

static void *ask(void *arg)
{
    long last = 0;

    for (long i = 0; i < rounds; i++) {
        long now = counter_total(&counter);

        if (now < last)
            *(long *)arg = i; /* it went back */
        last = now;
    }
    return NULL;
}

int main(int argc, char *argv[])
{
    pthread_t asker;
    long wrong = 0;
    int error;

    rounds = argc > 1 ? atol(argv[1]) : 100;
    error = counter_init(&counter);
    error |= pthread_create(&asker, NULL, ask, &wrong);
    error |= count_up(&counter, counter_add_locked, THREADS, rounds);
    error |= count_up(&counter, counter_add_atomic, THREADS, MORE * rounds);
    pthread_join(asker, NULL);
    printf("errors %d, backwards %d, total %ld\n", error, wrong != 0,
           counter_total(&counter));
    return 0;
}
