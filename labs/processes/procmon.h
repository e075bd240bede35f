/*
 * procmon.h - what the two files of procmon share
 *
 * You write procmon.c and procmon_start.c. This file is given: it says who does
 * what. If your plan is another one, both files need not keep to it.
 *
 * see also: wait(2), setpgid(2), sigaction(2), sigsuspend(2); TLPI 20-28
 */
#ifndef PROCMON_H
#define PROCMON_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

enum { FAILED = 125, CANNOT_RUN = 126, NOT_FOUND = 127, SIGNALLED = 128 };

/* The signals that procmon has a handler for. */
static const int handled[] = {SIGCHLD, SIGINT, SIGTERM, SIGALRM};
enum { HANDLED = sizeof(handled) / sizeof(handled[0]) };

struct child {
    char **argv;
    pid_t pid;  /* 0: not started, or reaped: the number may be another's */
    int status; /* once it has ended: what waitpid(2) said */
};

struct monitor {
    int log;     /* where the lines go */
    bool failed; /* a line was lost, or a child was not made: status 125 */
    struct child *children;
    int count;   /* COMMANDs on the command line */
    int started; /* of them */
    int living;
    sigset_t at_start; /* the mask, and what was done about `handled`: */
    struct sigaction actions[HANDLED];
};

/* procmon.c: one line of the log, made as by printf(3); a newline is added. */
__attribute__((format(printf, 2, 3))) void say(struct monitor *m,
                                               const char *format, ...);

/* procmon.c: all of it, although write(2) may be interrupted or take less.
 * Returns 0, or -1 with the errno of write(2). */
int write_full(int fd, const void *data, size_t size);

/*
 * procmon_start.c: fork a child in a process group of its own that executes
 * child->argv, with the signal mask and actions of m->at_start and m->actions;
 * log the line `child pid=`.
 *
 * Returns 0; -1 with errno if there is no child. A program that cannot be
 * executed is told of on stderr, by the parent; there has been a child then.
 */
int start(struct monitor *m, struct child *child);

#endif
