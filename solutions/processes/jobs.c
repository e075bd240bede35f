/*
 * jobs.c - what a shell does between | and the prompt
 *
 * see also: jobs.h (the contract); TLPI 34.1-34.3, 44.4
 */
#define _GNU_SOURCE /* pipe2 */
#include "jobs.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { KILLED = 128, NOT_EXECUTED = 127 };

/* What one program of a pipeline begins with; -1: the caller's own. */
struct place {
    pid_t group; /* 0: the child founds it */
    int in;
    int out;
};

/* dup2 clears close-on-exec, unless both numbers are the same already. */
static int move_fd(int fd, int number)
{
    if (fd == -1)
        return 0;
    return fd == number ? fcntl(fd, F_SETFD, 0) : dup2(fd, number);
}

static pid_t start(char *const argv[], const struct place *place)
{
    pid_t pid = fork();

    if (pid == -1)
        return -1;
    /* Both sides do it, so that it is done for whoever needs it first: the
     * next child joins the group, and the program may signal it. */
    setpgid(pid, place->group);
    if (pid != 0)
        return pid;
    if (move_fd(place->in, STDIN_FILENO) != -1 &&
        move_fd(place->out, STDOUT_FILENO) != -1)
        execvp(argv[0], argv);
    _exit(NOT_EXECUTED);
}

static void close_fd(int fd)
{
    if (fd != -1)
        close(fd);
}

/* Starts what it can, and returns how many; -1 stays in errno for the rest. */
static int start_all(char *const *const argvs[], int n, pid_t pids[])
{
    struct place place = {.group = 0, .in = -1};
    int ends[2], started, error = 0;

    for (started = 0; started < n && error == 0; started++) {
        ends[0] = ends[1] = -1;
        if (started < n - 1 && pipe2(ends, O_CLOEXEC) == -1)
            error = errno;
        place.out = ends[1];
        pids[started] = error == 0 ? start(argvs[started], &place) : -1;
        if (error == 0 && pids[started] == -1)
            error = errno;
        /* An end for writing that stays open here would keep the next
         * program waiting for its end-of-file. */
        close_fd(place.in);
        close_fd(ends[1]);
        place.in = ends[0];
        place.group = pids[0];
    }
    close_fd(place.in);
    errno = error;
    return error == 0 ? n : started - 1;
}

/* The status of the last of them. */
static int wait_all(const pid_t pids[], int n)
{
    int status = 0;

    for (int i = 0; i < n; i++)
        while (waitpid(pids[i], &status, 0) == -1 && errno == EINTR)
            ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : KILLED + WTERMSIG(status);
}

int pipeline(char *const *const argvs[], int n)
{
    pid_t *pids = calloc((size_t)n, sizeof(*pids));
    int started, status, error;

    if (pids == NULL)
        return -1;
    started = start_all(argvs, n, pids);
    error = errno;
    if (started > 0 && started < n)
        kill(-pids[0], SIGKILL);
    status = wait_all(pids, started);
    free(pids);
    errno = error;
    return started == n ? status : -1;
}

pid_t new_session(int (*body)(void *), void *data)
{
    int ends[2], error;
    char byte;
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) == -1)
        return -1;
    pid = fork();
    if (pid == 0) {
        close(ends[0]);
        setsid(); /* cannot fail: a new child leads no group */
        close(ends[1]);
        _exit(body(data));
    }
    error = errno;
    close(ends[1]);
    while (pid != -1 && read(ends[0], &byte, 1) == -1 && errno == EINTR)
        ;
    close(ends[0]);
    errno = error;
    return pid;
}
