/*
 * procmon_start.c - from a command line to a child in a group of its own
 *
 * A pipe tells what became of execve(2): it is close-on-exec, so end-of-file
 * means success, and an errno is the reason of a failure.
 *
 * see also: fork(2), execve(2), setpgid(2), pipe(2); TLPI 24, 27, 34.3, 44.3
 */
#define _GNU_SOURCE /* pipe2 */
#include "procmon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* TODO(project) step 3: what the child does: setpgid(2), the actions and the
 * mask that procmon was started with, execvp(3). If that returns: errno into
 * the pipe, _exit with NOT_FOUND or CANNOT_RUN. TLPI 25.4, 27.2, 34.2. */
static _Noreturn void become(const struct monitor *m, char **argv, int report)
{
    (void)m, (void)argv, (void)report;
    _exit(CANNOT_RUN);
}

/* TODO(project) step 2: setpgid(2) for the child, one more that is started and
 * living, the line `child pid=%d ppid=%d command=%s`; then read the pipe: an
 * errno in it goes to stderr, with the name of the command. TLPI 34.2, 44.2. */
static void in_parent(struct monitor *m, struct child *child, int report)
{
    (void)child, (void)report;
    m->started++;
}

int start(struct monitor *m, struct child *child)
{
    int report[2], error;

    if (pipe2(report, O_CLOEXEC) == -1)
        return -1;
    switch (child->pid = fork()) {
    case -1:
        error = errno;
        close(report[0]);
        close(report[1]);
        child->pid = 0;
        errno = error;
        return -1;
    case 0:
        become(m, child->argv, report[1]);
    }
    close(report[1]);
    in_parent(m, child, report[0]);
    close(report[0]);
    return 0;
}
