/* queue - a bounded queue between threads
 *
 * Two conditions, since two kinds of threads wait: a signal for "there is
 * space" must not wake one who waits for an item. Each change makes one waiting
 * thread happy, so it wakes one. Only closing concerns all.
 */
#include "queue.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

struct queue {
    pthread_mutex_t mutex; /* for all that follows */
    pthread_cond_t filled, freed;
    size_t capacity, first, count;
    bool closed;
    void *items[];
};

struct queue *queue_new(size_t capacity)
{
    /* TODO(queue): 1. memory, a mutex, two conditions. */
    (void)capacity;
    errno = ENOSYS;
    return NULL;
}

int queue_put(struct queue *q, void *item)
{
    /* TODO(queue): 2. under the mutex, wait while it is full and open; append;
     * wake one who waits for an item. TLPI 30.2.2. */
    (void)q, (void)item;
    errno = ENOSYS;
    return -1;
}

int queue_get(struct queue *q, void **item)
{
    /* TODO(queue): 3. under the mutex, wait while it is empty and open; take
     * the oldest; wake one who waits for space. */
    (void)q, (void)item;
    return 0;
}

void queue_close(struct queue *q)
{
    /* TODO(queue): 4. closed, and everybody is told. */
    (void)q;
}

void queue_free(struct queue *q)
{
    /* TODO(queue): 5. what queue_new made, in reverse order. */
    (void)q;
}
