/*
 * spawn.c - start a program, and know whether it runs
 *
 * see also: spawning.h (the contract); TLPI 24.2, 26.1, 27.4, 44.2
 */
#define _GNU_SOURCE /* pipe2 */
#include "spawning.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { KILLED = 128 };

/* waitpid(2) for one child, however often a signal comes between. */
static int wait_for(pid_t pid, int *status)
{
    pid_t ended;

    do
        ended = waitpid(pid, status, 0);
    while (ended == -1 && errno == EINTR);
    return ended == -1 ? -1 : 0;
}

/* Four bytes into an empty pipe: all of them fit, or it is interrupted before
 * the first. */
static _Noreturn void execute(char *const argv[], int report)
{
    int error;

    execvp(argv[0], argv);
    error = errno;
    while (write(report, &error, sizeof(error)) == -1 && errno == EINTR)
        ;
    _exit(127);
}

/* The errno of a failed execve(2), or 0: then the pipe was closed by it. */
static int read_report(int report)
{
    int error = 0;
    ssize_t n;

    do
        n = read(report, &error, sizeof(error));
    while (n == -1 && errno == EINTR);
    return n == (ssize_t)sizeof(error) ? error : 0;
}

int spawn(char *const argv[], pid_t *pid)
{
    int ends[2], error, status;
    pid_t child;

    if (pipe2(ends, O_CLOEXEC) == -1)
        return -1;
    child = fork();
    if (child == 0)
        execute(argv, ends[1]);
    error = child == -1 ? errno : 0;
    close(ends[1]); /* or end-of-file would never come */
    if (child != -1)
        error = read_report(ends[0]);
    close(ends[0]);
    if (error == 0) {
        *pid = child;
        return 0;
    }
    if (child != -1)
        wait_for(child, &status);
    errno = error;
    return -1;
}

int run(char *const argv[])
{
    int status;
    pid_t pid;

    if (spawn(argv, &pid) == -1 || wait_for(pid, &status) == -1)
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : KILLED + WTERMSIG(status);
}
