/*
 * signals.c - three ways to hear of a signal
 *
 * see also: signals.h (the contract); TLPI 20.13, 21.1, 22.10, 63.5.2
 */
#define _GNU_SOURCE /* pipe2 */
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

int on_signal(int sig, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};

    sigfillset(&action.sa_mask);
    return sigaction(sig, &action, NULL);
}

static int write_ends[NSIG]; /* set before its handler can run */

/* EAGAIN means that the pipe is full: whoever reads it has enough to wake up
 * for, and nothing is lost that a byte more could tell. */
static void write_byte(int sig)
{
    int saved = errno;
    ssize_t n = write(write_ends[sig], "", 1);

    (void)n;
    errno = saved;
}

int signal_fd_pipe(int sig)
{
    int ends[2], error;

    if (sig <= 0 || sig >= NSIG) {
        errno = EINVAL;
        return -1;
    }
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) == -1)
        return -1;
    write_ends[sig] = ends[1];
    if (on_signal(sig, write_byte) == 0)
        return ends[0];
    error = errno;
    close(ends[0]);
    close(ends[1]);
    errno = error;
    return -1;
}

enum { MS = 1000, NS_PER_MS = 1000000, NS = 1000000000 };

static struct timespec now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t;
}

/* From now until `end`; zero when that has passed. */
static struct timespec left_until(struct timespec end)
{
    struct timespec t = now();

    end.tv_sec -= t.tv_sec;
    end.tv_nsec -= t.tv_nsec;
    if (end.tv_nsec < 0) {
        end.tv_sec--;
        end.tv_nsec += NS;
    }
    return end.tv_sec < 0 ? (struct timespec){0} : end;
}

/* A point in time does not move when the wait is interrupted, a duration
 * would begin anew. */
static struct timespec after_ms(int ms)
{
    struct timespec t = now();

    t.tv_sec += ms / MS;
    t.tv_nsec += (long)(ms % MS) * NS_PER_MS;
    if (t.tv_nsec >= NS) {
        t.tv_sec++;
        t.tv_nsec -= NS;
    }
    return t;
}

int wait_signal_timeout(int sig, int ms)
{
    struct timespec end = after_ms(ms), left;
    sigset_t wanted, before;
    int came, error;

    sigemptyset(&wanted);
    if (sigaddset(&wanted, sig) == -1 ||
        sigprocmask(SIG_BLOCK, &wanted, &before) == -1)
        return -1;
    do {
        left = left_until(end);
        came = sigtimedwait(&wanted, NULL, &left);
    } while (came == -1 && errno == EINTR);
    error = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    errno = error;
    if (came == sig)
        return 1;
    return error == EAGAIN ? 0 : -1;
}
