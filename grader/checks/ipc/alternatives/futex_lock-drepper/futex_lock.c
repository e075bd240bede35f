/* The second mutex of "Futexes Are Tricky": decrement and compare. */
#define _GNU_SOURCE
#include "futex_lock.h"

#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

static uint32_t exchange_if(struct futex_lock *lock, uint32_t old, uint32_t new)
{
    atomic_compare_exchange_strong_explicit(
        &lock->word, &old, new, memory_order_acquire, memory_order_relaxed);
    return old;
}

int futex_trylock(struct futex_lock *lock)
{
    return exchange_if(lock, 0, 1) == 0;
}

void futex_lock(struct futex_lock *lock)
{
    uint32_t seen = exchange_if(lock, 0, 1);

    if (seen == 0)
        return;
    do {
        if (seen == 2 || exchange_if(lock, 1, 2) != 0)
            syscall(SYS_futex, &lock->word, FUTEX_WAIT, 2, NULL, NULL, 0);
        seen = exchange_if(lock, 0, 2);
    } while (seen != 0);
}

void futex_unlock(struct futex_lock *lock)
{
    if (atomic_fetch_sub_explicit(&lock->word, 1, memory_order_release) == 1)
        return;
    atomic_store_explicit(&lock->word, 0, memory_order_release);
    syscall(SYS_futex, &lock->word, FUTEX_WAKE, 1, NULL, NULL, 0);
}
