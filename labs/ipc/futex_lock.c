/* futex_lock - a mutex of your own
 *
 * FREE, TAKEN, or TAKEN and somebody may sleep (WANTED). Whoever has slept takes
 * the lock as WANTED, since there may be others asleep: one wake-up too many
 * costs time, one too few costs for ever.
 */
#define _GNU_SOURCE /* syscall */
#include "futex_lock.h"

#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FREE, TAKEN, WANTED };

/* Sleeps only if the word still is WANTED: the kernel looks again, and so a
 * wake-up between our look and our sleep is not lost. */
static void sleep_while_wanted(struct futex_lock *lock)
{
    /* TODO(futex_lock): 3. FUTEX_WAIT: sleep if the word still is WANTED.
     * futex(2). */
    (void)lock;
}

int futex_trylock(struct futex_lock *lock)
{
    /* TODO(futex_lock): 1. FREE becomes TAKEN, in one step. */
    (void)lock;
    return 0;
}

void futex_lock(struct futex_lock *lock)
{
    /* TODO(futex_lock): 2. if it is not free: say that somebody wants it, and
     * sleep; again and again, until you have it. */
    (void)lock, (void)sleep_while_wanted;
}

void futex_unlock(struct futex_lock *lock)
{
    /* TODO(futex_lock): 4. FREE again; wake one if somebody may sleep.
     * FUTEX_WAKE. */
    (void)lock;
}
