/* race_futex_lock - threads that want one lock
 * usage: race_futex_lock ROUNDS
 */
#include "futex_lock.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

enum { THREADS = 4 };

static struct futex_lock lock;
static long rounds, number;

static void *work(void *arg)
{
    for (long i = 0; i < rounds; i++) {
        if (i % 3 != 0 || !futex_trylock(&lock))
            futex_lock(&lock);
        number++;
        if (i % 4 == 0)
            sched_yield(); /* so that others meet a lock that is taken */
        futex_unlock(&lock);
    }
    return arg;
}

int main(int argc, char *argv[])
{
    pthread_t threads[THREADS];

    rounds = argc > 1 ? atol(argv[1]) : 100;
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, work, NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    printf("number %ld\n", number);
    return 0;
}
