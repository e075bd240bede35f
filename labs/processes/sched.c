/*
 * sched.c - who gets the processor, and which
 *
 * see also: scheduling.h (the contract); TLPI 35
 */
#define _GNU_SOURCE /* CPU_SET */
#include "scheduling.h"

#include <errno.h>

/* TODO(sched): sched_getscheduler(2), sched_getparam(2), getpriority(2),
 * sched_getaffinity(2). TLPI 35.1, 35.3, 35.4. */
int read_schedule(pid_t pid, struct schedule *s)
{
    (void)pid, (void)s;
    errno = ENOSYS;
    return -1;
}

/* TODO(sched): sched_setaffinity(2), setpriority(2), sched_setscheduler(2). */
int apply_schedule(pid_t pid, const struct schedule *s)
{
    (void)pid, (void)s;
    errno = ENOSYS;
    return -1;
}

/* TODO(sched): sched_setscheduler(2); if it fails, getrlimit(2) and
 * sched_get_priority_min(2) know what to tell. sched(7), "Privileges and
 * resource limits". */
int use_round_robin(pid_t pid, int priority, char *why, size_t size)
{
    (void)pid, (void)priority, (void)why, (void)size;
    errno = ENOSYS;
    return -1;
}
