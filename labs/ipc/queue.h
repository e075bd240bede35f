/* queue - a bounded queue between threads (given)
 * see also: pthread_cond_wait(3), pthread_cond_signal(3); TLPI 30.2
 */
#ifndef QUEUE_H
#define QUEUE_H

#include <stddef.h>

struct queue; /* yours */

/* A queue for so many items (at least 1); NULL with errno. */
struct queue *queue_new(size_t capacity);

/* Append an item, and wait while the queue is full. Returns 0; -1 with EPIPE
 * once the queue is closed. */
int queue_put(struct queue *q, void *item);

/* Take the oldest item, and wait while there is none. Returns 1; 0 once the
 * queue is closed and empty. */
int queue_get(struct queue *q, void **item);

/* Nothing can be put any more; whoever waits wakes up. What is in the queue can
 * still be taken. */
void queue_close(struct queue *q);

/* Nobody uses the queue any more. */
void queue_free(struct queue *q);

#endif
