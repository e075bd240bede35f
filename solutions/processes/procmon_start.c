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
#include <string.h>
#include <unistd.h>

/* Actions first: a signal that waits would run the parent's handler. */
static int forget_signals(const struct monitor *m)
{
    for (int i = 0; i < HANDLED; i++)
        if (sigaction(handled[i], &m->actions[i], NULL) == -1)
            return -1;
    return sigprocmask(SIG_SETMASK, &m->at_start, NULL);
}

/* What the child does. It leaves by _exit: what stdio holds is the parent's. */
static _Noreturn void become(const struct monitor *m, char **argv, int report)
{
    int error;

    if (setpgid(0, 0) == 0 && forget_signals(m) == 0)
        execvp(argv[0], argv);
    error = errno;
    write_full(report, &error, sizeof(error));
    _exit(error == ENOENT ? NOT_FOUND : CANNOT_RUN);
}

/* Why execve(2) failed in the child, or 0. Waits until one of both is known. */
static int exec_error(int report)
{
    int error = 0;
    ssize_t n;

    do
        n = read(report, &error, sizeof(error));
    while (n == -1 && errno == EINTR);
    return n == sizeof(error) ? error : 0;
}

static void in_parent(struct monitor *m, struct child *child, int report)
{
    int error;

    /* Both sides do it: whoever goes on first, it is done by then.
     * EACCES: the child was first, and has executed its program already. */
    setpgid(child->pid, child->pid);
    m->started++;
    m->living++;
    say(m, "child pid=%d ppid=%d command=%s", child->pid, getpid(),
        child->argv[0]);
    error = exec_error(report);
    if (error != 0)
        fprintf(stderr, "procmon: %s: %s\n", child->argv[0], strerror(error));
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
