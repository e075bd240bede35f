/* A linked list, two semaphores that count, and a mutex for the list. */
#include "queue.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

struct node {
    struct node *next;
    void *item;
};

struct queue {
    pthread_mutex_t mutex;
    sem_t space, items; /* posted for everybody by closing */
    struct node *first, **last;
    _Atomic bool closed;
};

static void wait_for(sem_t *semaphore)
{
    while (sem_wait(semaphore) == -1 && errno == EINTR)
        continue;
}

struct queue *queue_new(size_t capacity)
{
    struct queue *q = calloc(1, sizeof(*q));

    if (q == NULL)
        return NULL;
    pthread_mutex_init(&q->mutex, NULL);
    sem_init(&q->space, 0, (unsigned)capacity);
    sem_init(&q->items, 0, 0);
    q->last = &q->first;
    return q;
}

int queue_put(struct queue *q, void *item)
{
    struct node *node = malloc(sizeof(*node));

    if (node == NULL)
        return -1;
    *node = (struct node){NULL, item};
    wait_for(&q->space);
    pthread_mutex_lock(&q->mutex);
    if (q->closed) {
        pthread_mutex_unlock(&q->mutex);
        sem_post(&q->space); /* the next one finds out as well */
        free(node);
        errno = EPIPE;
        return -1;
    }
    *q->last = node;
    q->last = &node->next;
    pthread_mutex_unlock(&q->mutex);
    sem_post(&q->items);
    return 0;
}

int queue_get(struct queue *q, void **item)
{
    struct node *node;

    wait_for(&q->items);
    pthread_mutex_lock(&q->mutex);
    node = q->first;
    if (node != NULL) {
        q->first = node->next;
        if (q->first == NULL)
            q->last = &q->first;
    }
    pthread_mutex_unlock(&q->mutex);
    if (node == NULL) { /* closed, and empty */
        sem_post(&q->items);
        return 0;
    }
    *item = node->item;
    free(node);
    sem_post(&q->space);
    return 1;
}

void queue_close(struct queue *q)
{
    pthread_mutex_lock(&q->mutex);
    q->closed = true;
    pthread_mutex_unlock(&q->mutex);
    sem_post(&q->space);
    sem_post(&q->items);
}

void queue_free(struct queue *q)
{
    void *item;

    while (q->first != NULL)
        queue_get(q, &item);
    sem_destroy(&q->items);
    sem_destroy(&q->space);
    pthread_mutex_destroy(&q->mutex);
    free(q);
}
