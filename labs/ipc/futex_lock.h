/* futex_lock - a mutex of your own (given)
 * see also: futex(2), syscall(2); TLPI does not tell of futexes, but man-pages
 * futex(7) and "Futexes Are Tricky" (Drepper) do
 */
#ifndef FUTEX_LOCK_H
#define FUTEX_LOCK_H

#include <stdatomic.h>
#include <stdint.h>

/* All zero bytes are a free lock. What other values mean is up to you. */
struct futex_lock {
    _Atomic uint32_t word;
};

/* Take the lock. Makes no system call if it is free; sleeps in futex(2), and
 * does not spin, while another thread has it. */
void futex_lock(struct futex_lock *lock);

/* Take the lock if it is free: 1; else 0, at once. No system call. */
int futex_trylock(struct futex_lock *lock);

/* Give the lock back, and wake one thread if any may be waiting: makes no
 * system call if nobody has waited. */
void futex_unlock(struct futex_lock *lock);

#endif
