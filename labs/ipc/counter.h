/* counter - many threads, one number (given)
 * see also: pthread_create(3), pthread_mutex_lock(3), stdatomic(3); TLPI 29, 30.1
 */
#ifndef COUNTER_H
#define COUNTER_H

#include <pthread.h>
#include <stdatomic.h>

struct counter {
    pthread_mutex_t mutex;
    long locked;         /* only changed and read with mutex held */
    _Atomic long atomic; /* needs no mutex */
};

/* Make both numbers 0. Returns 0, or the error of pthread_mutex_init(3). */
int counter_init(struct counter *c);

/* Add n to `locked`, under the mutex. No call into the kernel if no other
 * thread wants it. */
void counter_add_locked(struct counter *c, long n);

/* Add n to `atomic`. Never a call into the kernel. */
void counter_add_atomic(struct counter *c, long n);

/* Both numbers, added; right at any moment. */
long counter_total(struct counter *c);

typedef void (*add_function)(struct counter *c, long n);

/* Start `threads` (at most 64) threads, each of which calls add(c, 1) `rounds`
 * times, and wait until all have ended. Returns 0; or the error of
 * pthread_create(3), once those that could be started have ended. */
int count_up(struct counter *c, add_function add, int threads, long rounds);

#endif
