/* pselect(2) and ppoll(2); memory from the heap; one loop to collect. */
#define _GNU_SOURCE
#include "muxbench.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

static const struct timespec *limit(int ms, struct timespec *t)
{
    if (ms < 0)
        return NULL;
    t->tv_sec = ms / 1000;
    t->tv_nsec = (long)(ms % 1000) * 1000000;
    return t;
}

int wait_select(const int fds[], int n, int ready[], int timeout_ms)
{
    fd_set in, hurt;
    struct timespec t;
    int found = 0;

    for (int i = 0; i < n; i++)
        if ((unsigned)fds[i] > FD_SETSIZE - 1u)
            return errno = EINVAL, -1;
    FD_ZERO(&in);
    for (int i = 0; i < n; i++)
        FD_SET(fds[i], &in);
    hurt = in;
    if (pselect(FD_SETSIZE, &in, NULL, &hurt, limit(timeout_ms, &t), NULL) < 0)
        return -1;
    for (int i = n - 1; i >= 0; i--)
        if (FD_ISSET(fds[i], &in) || FD_ISSET(fds[i], &hurt))
            ready[found++] = fds[i];
    return found;
}

int wait_poll(struct pollfd polls[], int n, int ready[], int timeout_ms)
{
    struct timespec t;
    int left = ppoll(polls, (nfds_t)n, limit(timeout_ms, &t), NULL);
    int found = left;

    for (struct pollfd *p = polls; left > 0; p++)
        if (p->revents & (POLLIN | POLLHUP | POLLERR | POLLNVAL))
            ready[--left] = p->fd;
    return found;
}

int epoll_watch(const int fds[], int n)
{
    int epoll = epoll_create1(EPOLL_CLOEXEC), i = 0, error;
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP};

    if (epoll < 0)
        return -1;
    do {
        if (i == n)
            return epoll;
        event.data.u64 = (uint64_t)fds[i];
    } while (epoll_ctl(epoll, EPOLL_CTL_ADD, fds[i++], &event) == 0);
    error = errno;
    close(epoll);
    errno = error;
    return -1;
}

int wait_epoll(int epoll, int ready[], int max, int timeout_ms)
{
    struct epoll_event *events = calloc((size_t)max, sizeof(*events));
    int n = -1;

    if (events != NULL)
        n = epoll_pwait(epoll, events, max, timeout_ms, NULL);
    for (int i = 0; i < n; i++)
        ready[i] = (int)events[i].data.u64;
    free(events);
    return n;
}
