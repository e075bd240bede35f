/*
 * scheduling.h - drill `sched`: who gets the processor, and which
 *
 * You write sched.c. Nothing in here prints; a function that fails returns -1
 * and says why in errno. (Not sched.h: that name is the system's.)
 *
 * see also: sched(7), sched_setscheduler(2), getpriority(2),
 * sched_setaffinity(2), getrlimit(2); TLPI 35
 */
#ifndef SCHEDULING_H
#define SCHEDULING_H

#include <stddef.h>
#include <sys/types.h>

/* How a process is scheduled. `cpus`: bit n is set if it may run on processor
 * n; those above 63 are not told. */
struct schedule {
    int policy;   /* SCHED_OTHER, SCHED_BATCH, SCHED_IDLE, SCHED_FIFO, _RR */
    int priority; /* 1 to 99 for SCHED_FIFO and SCHED_RR, else 0 */
    int nice;     /* -20 to 19 */
    unsigned long cpus;
};

/*
 * read_schedule - how pid is scheduled now; 0 means the caller.
 *
 * Returns 0, or -1 with the errno of the call that failed. A nice value of -1
 * is no failure: see getpriority(2), NOTES.
 */
int read_schedule(pid_t pid, struct schedule *s);

/*
 * apply_schedule - schedule pid as *s says: affinity, nice, then the policy.
 *
 * Returns 0, or -1 with the errno of the first call that failed.
 */
int apply_schedule(pid_t pid, const struct schedule *s);

/*
 * use_round_robin - let pid run under SCHED_RR with this priority.
 *
 * Returns 0; `why` is "" then. Otherwise -1 with errno, and `why` (at most
 * `size` bytes with the NUL at their end, as snprintf(3) does it) explains it
 * to a person:
 *   EPERM   the priority, the name of the error as strerror(3) has it, the
 *           words CAP_SYS_NICE and RLIMIT_RTPRIO, and the soft limit that
 *           RLIMIT_RTPRIO has, as a number
 *   EINVAL  the priority, and the lowest and the highest that SCHED_RR allows
 *   other   the name of the error
 */
int use_round_robin(pid_t pid, int priority, char *why, size_t size);

#endif
