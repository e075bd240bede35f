/* signals.c, built differently: a mask made by hand, and a signalfd(2) with
 * ppoll(2) for the wait. */
#define _GNU_SOURCE
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

int on_signal(int sig, void (*handler)(int))
{
    struct sigaction action;

    memset(&action, 0, sizeof(action));
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART;
    for (int other = 1; other < NSIG; other++)
        sigaddset(&action.sa_mask, other);
    return sigaction(sig, &action, NULL);
}

static struct {
    int to;
} wires[NSIG];

static void wire(int sig)
{
    int saved = errno;

    if (write(wires[sig].to, "!", 1) == -1)
        wires[0].to = sig;
    errno = saved;
}

int signal_fd_pipe(int sig)
{
    int ends[2] = {-1, -1};

    if (sig < 1 || sig >= NSIG || sig == SIGKILL || sig == SIGSTOP) {
        errno = EINVAL;
        return -1;
    }
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) == -1)
        return -1;
    wires[sig].to = ends[1];
    return on_signal(sig, wire) == -1 ? -1 : ends[0];
}

static long long now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}

int wait_signal_timeout(int sig, int ms)
{
    long long end = now_ns() + ms * 1000000ll, left;
    struct signalfd_siginfo info;
    struct pollfd p = {.events = POLLIN};
    sigset_t wanted, before;
    int ready, came;

    sigemptyset(&wanted);
    sigaddset(&wanted, sig);
    pthread_sigmask(SIG_BLOCK, &wanted, &before);
    p.fd = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
    do {
        left = end - now_ns();
        left = left < 0 ? 0 : left;
        ready = ppoll(&p, 1,
                      &(struct timespec){left / 1000000000, left % 1000000000},
                      NULL);
    } while (ready == -1 && errno == EINTR);
    came = ready == 1 && read(p.fd, &info, sizeof(info)) == sizeof(info);
    close(p.fd);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return came;
}
