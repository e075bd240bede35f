/* race_tsd - threads that begin at once, ask for texts and report
 * usage: race_tsd ROUNDS
 */
#include "tsd.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 8, ERROR = 100000 };

static long rounds;
static _Atomic long wrong;
static pthread_barrier_t barrier;
static int nowhere;

static void *work(void *arg)
{
    int mine = ERROR + (int)(long)arg;
    char wanted[64];

    snprintf(wanted, sizeof(wanted), "Unknown error %d", mine);
    pthread_barrier_wait(&barrier);
    for (long i = 0; i < rounds; i++) {
        const char *text = text_of(mine);

        wrong += text == NULL || strcmp(text, wanted) != 0;
        wrong += report(nowhere, "work", mine) != 0;
    }
    return NULL;
}

int main(int argc, char *argv[])
{
    pthread_t threads[THREADS];

    rounds = argc > 1 ? atol(argv[1]) : 100;
    nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    pthread_barrier_init(&barrier, NULL, THREADS);
    for (long i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, work, (void *)i);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    printf("wrong %ld\n", (long)wrong);
    return 0;
}
