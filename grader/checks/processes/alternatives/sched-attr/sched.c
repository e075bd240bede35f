/* sched.c, built differently: sched_getattr(2) and sched_setattr(2) know policy,
 * priority and nice value in one call. */
#define _GNU_SOURCE
#include "scheduling.h"

#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

struct attributes {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
};

int read_schedule(pid_t pid, struct schedule *s)
{
    struct attributes a = {.size = sizeof(a)};

    if (syscall(SYS_sched_getattr, pid, &a, sizeof(a), 0) == -1)
        return -1;
    s->cpus = 0;
    if (syscall(SYS_sched_getaffinity, pid, sizeof(s->cpus), &s->cpus) == -1)
        return -1;
    s->policy = (int)a.policy;
    s->priority = (int)a.priority;
    s->nice = a.nice;
    return 0;
}

int apply_schedule(pid_t pid, const struct schedule *s)
{
    struct attributes a = {.size = sizeof(a),
                           .policy = (uint32_t)s->policy,
                           .nice = s->nice,
                           .priority = (uint32_t)s->priority};

    if (syscall(SYS_sched_setaffinity, pid, sizeof(s->cpus), &s->cpus) == -1 ||
        setpriority(PRIO_PROCESS, (id_t)pid, s->nice) == -1)
        return -1;
    return (int)syscall(SYS_sched_setattr, pid, &a, 0);
}

int use_round_robin(pid_t pid, int priority, char *why, size_t size)
{
    struct attributes a = {
        .size = sizeof(a), .policy = SCHED_RR, .priority = (uint32_t)priority};
    struct rlimit limit;
    int error;

    snprintf(why, size, "%s", "");
    if (syscall(SYS_sched_setattr, pid, &a, 0) == 0)
        return 0;
    error = errno;
    getrlimit(RLIMIT_RTPRIO, &limit);
    if (error == EPERM)
        snprintf(why, size,
                 "%s for SCHED_RR %d: RLIMIT_RTPRIO=%d, and no CAP_SYS_NICE",
                 strerror(error), priority, (int)limit.rlim_cur);
    else
        snprintf(why, size, "%s for SCHED_RR %d: [1, 99]", strerror(error),
                 priority);
    errno = error;
    return -1;
}
