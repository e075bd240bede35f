/* race_queue - producers and consumers of several queues
 * usage: race_queue ROUNDS
 */
#include "queue.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { THREADS = 3, SIZES = 3 };

static struct queue *queue;
static long rounds;
static long *numbers;
static _Atomic long sum, got;

static void *produce(void *arg)
{
    for (long i = 0; i < rounds; i++)
        if (queue_put(queue, &numbers[i]) == -1)
            return arg;
    return NULL;
}

static void *consume(void *arg)
{
    void *item;

    while (queue_get(queue, &item) == 1) {
        sum += *(long *)item;
        got++;
    }
    return arg;
}

static void run(size_t capacity)
{
    pthread_t producers[THREADS], consumers[THREADS];

    queue = queue_new(capacity);
    if (queue == NULL)
        abort();
    for (int i = 0; i < THREADS; i++) {
        pthread_create(&consumers[i], NULL, consume, NULL);
        pthread_create(&producers[i], NULL, produce, NULL);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(producers[i], NULL);
    queue_close(queue);
    for (int i = 0; i < THREADS; i++)
        pthread_join(consumers[i], NULL);
    queue_free(queue);
}

int main(int argc, char *argv[])
{
    rounds = argc > 1 ? atol(argv[1]) : 100;
    numbers = calloc((size_t)rounds, sizeof(*numbers));
    for (long i = 0; i < rounds; i++)
        numbers[i] = i;
    for (size_t size = 1; size <= SIZES; size++)
        run(size);
    printf("items %ld, sum %ld\n", (long)got, (long)sum);
    free(numbers);
    return 0;
}
