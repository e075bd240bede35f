/*
 * sched.c - who gets the processor, and which
 *
 * see also: scheduling.h (the contract); TLPI 35
 */
#define _GNU_SOURCE /* CPU_SET */
#include "scheduling.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

enum { BITS = CHAR_BIT * sizeof(unsigned long) };

int read_schedule(pid_t pid, struct schedule *s)
{
    struct sched_param param;
    cpu_set_t set;

    s->policy = sched_getscheduler(pid);
    if (s->policy == -1 || sched_getparam(pid, &param) == -1 ||
        sched_getaffinity(pid, sizeof(set), &set) == -1)
        return -1;
    s->priority = param.sched_priority;
    s->cpus = 0;
    for (int cpu = 0; cpu < BITS; cpu++)
        if (CPU_ISSET(cpu, &set))
            s->cpus |= 1ul << cpu;
    errno = 0; /* -1 is a nice value, too: only errno tells */
    s->nice = getpriority(PRIO_PROCESS, (id_t)pid);
    return s->nice == -1 && errno != 0 ? -1 : 0;
}

int apply_schedule(pid_t pid, const struct schedule *s)
{
    struct sched_param param = {.sched_priority = s->priority};
    cpu_set_t set;

    CPU_ZERO(&set);
    for (int cpu = 0; cpu < BITS; cpu++)
        if (s->cpus >> cpu & 1)
            CPU_SET(cpu, &set);
    if (sched_setaffinity(pid, sizeof(set), &set) == -1 ||
        setpriority(PRIO_PROCESS, (id_t)pid, s->nice) == -1 ||
        sched_setscheduler(pid, s->policy, &param) == -1)
        return -1;
    return 0;
}

static void explain(int error, int priority, char *why, size_t size)
{
    struct rlimit limit = {0};

    getrlimit(RLIMIT_RTPRIO, &limit);
    if (error == EPERM)
        snprintf(why, size,
                 "SCHED_RR, priority %d: %s: it needs CAP_SYS_NICE, or an "
                 "RLIMIT_RTPRIO of as much; that is %lu",
                 priority, strerror(error), (unsigned long)limit.rlim_cur);
    else if (error == EINVAL)
        snprintf(why, size,
                 "SCHED_RR, priority %d: %s: from %d to %d are allowed",
                 priority, strerror(error), sched_get_priority_min(SCHED_RR),
                 sched_get_priority_max(SCHED_RR));
    else
        snprintf(why, size, "SCHED_RR: %s", strerror(error));
}

int use_round_robin(pid_t pid, int priority, char *why, size_t size)
{
    struct sched_param param = {.sched_priority = priority};
    int error;

    if (size > 0)
        why[0] = '\0';
    if (sched_setscheduler(pid, SCHED_RR, &param) == 0)
        return 0;
    error = errno;
    explain(error, priority, why, size);
    errno = error;
    return -1;
}
