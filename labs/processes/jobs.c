/*
 * jobs.c - what a shell does between | and the prompt
 *
 * see also: jobs.h (the contract); TLPI 34.1-34.3, 44.4
 */
#define _GNU_SOURCE /* pipe2 */
#include "jobs.h"

#include <errno.h>

/* TODO(jobs): for each program a pipe to the next one and a fork; dup2(2) onto
 * 0 and 1; setpgid(2) on both sides, into the group of the first. Close in the
 * parent what it does not read from. At last waitpid(2) for each.
 * TLPI 34.2, 44.4. */
int pipeline(char *const *const argvs[], int n)
{
    (void)argvs, (void)n;
    errno = ENOSYS;
    return -1;
}

/* TODO(jobs): fork(2), setsid(2) in the child, a pipe that tells the parent.
 * TLPI 34.3. */
pid_t new_session(int (*body)(void *), void *data)
{
    (void)body, (void)data;
    errno = ENOSYS;
    return -1;
}
