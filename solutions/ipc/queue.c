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
    struct queue *q = calloc(1, sizeof(*q) + capacity * sizeof(q->items[0]));

    if (q == NULL)
        return NULL;
    q->capacity = capacity;
    pthread_mutex_init(&q->mutex, NULL);
    pthread_cond_init(&q->filled, NULL);
    pthread_cond_init(&q->freed, NULL);
    return q;
}

int queue_put(struct queue *q, void *item)
{
    bool closed;

    pthread_mutex_lock(&q->mutex);
    while (q->count == q->capacity && !q->closed)
        pthread_cond_wait(&q->freed, &q->mutex);
    closed = q->closed;
    if (!closed) {
        q->items[(q->first + q->count) % q->capacity] = item;
        q->count++;
        pthread_cond_signal(&q->filled);
    }
    pthread_mutex_unlock(&q->mutex);
    errno = EPIPE;
    return closed ? -1 : 0;
}

int queue_get(struct queue *q, void **item)
{
    bool got;

    pthread_mutex_lock(&q->mutex);
    while (q->count == 0 && !q->closed)
        pthread_cond_wait(&q->filled, &q->mutex);
    got = q->count > 0;
    if (got) {
        *item = q->items[q->first];
        q->first = (q->first + 1) % q->capacity;
        q->count--;
        pthread_cond_signal(&q->freed);
    }
    pthread_mutex_unlock(&q->mutex);
    return got ? 1 : 0;
}

void queue_close(struct queue *q)
{
    pthread_mutex_lock(&q->mutex);
    q->closed = true;
    pthread_cond_broadcast(&q->filled);
    pthread_cond_broadcast(&q->freed);
    pthread_mutex_unlock(&q->mutex);
}

void queue_free(struct queue *q)
{
    pthread_cond_destroy(&q->freed);
    pthread_cond_destroy(&q->filled);
    pthread_mutex_destroy(&q->mutex);
    free(q);
}
