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
    syscall(SYS_futex, &lock->word, FUTEX_WAIT_PRIVATE, WANTED, NULL);
}

int futex_trylock(struct futex_lock *lock)
{
    uint32_t expected = FREE;

    return atomic_compare_exchange_strong(&lock->word, &expected, TAKEN);
}

void futex_lock(struct futex_lock *lock)
{
    if (futex_trylock(lock))
        return;
    while (atomic_exchange(&lock->word, WANTED) != FREE)
        sleep_while_wanted(lock);
}

void futex_unlock(struct futex_lock *lock)
{
    if (atomic_exchange(&lock->word, FREE) == WANTED)
        syscall(SYS_futex, &lock->word, FUTEX_WAKE_PRIVATE, 1);
}
