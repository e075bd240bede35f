/*
 * muxbench.c - drill `muxbench`: one wait, three system calls
 *
 * see also: muxbench.h (the contract), select(2), poll(2), epoll(7)
 */
#include "muxbench.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <unistd.h>

enum { BATCH = 256 }; /* events fetched by one epoll_wait */

/* Fills set; returns the highest number in it, or -1. */
static int fill_set(fd_set *set, const int fds[], int n)
{
    int highest = 0;

    FD_ZERO(set);
    for (int i = 0; i < n; i++) {
        if (fds[i] < 0 || fds[i] >= FD_SETSIZE) {
            errno = EINVAL;
            return -1;
        }
        FD_SET(fds[i], set);
        if (fds[i] > highest)
            highest = fds[i];
    }
    return highest;
}

int wait_select(const int fds[], int n, int ready[], int timeout_ms)
{
    struct timeval time = {timeout_ms / 1000, timeout_ms % 1000 * 1000};
    int count = 0, highest;
    fd_set set;

    highest = fill_set(&set, fds, n);
    if (highest == -1 || select(highest + 1, &set, NULL, NULL,
                                timeout_ms < 0 ? NULL : &time) == -1)
        return -1;
    for (int i = 0; i < n; i++)
        if (FD_ISSET(fds[i], &set))
            ready[count++] = fds[i];
    return count;
}

int wait_poll(struct pollfd polls[], int n, int ready[], int timeout_ms)
{
    int count = 0;

    if (poll(polls, (nfds_t)n, timeout_ms) == -1)
        return -1;
    for (int i = 0; i < n; i++)
        if (polls[i].revents != 0)
            ready[count++] = polls[i].fd;
    return count;
}

int epoll_watch(const int fds[], int n)
{
    int epoll = epoll_create1(EPOLL_CLOEXEC), saved;

    if (epoll == -1)
        return -1;
    for (int i = 0; i < n; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.fd = fds[i]};

        if (epoll_ctl(epoll, EPOLL_CTL_ADD, fds[i], &event) == -1) {
            saved = errno;
            close(epoll);
            errno = saved;
            return -1;
        }
    }
    return epoll;
}

int wait_epoll(int epoll, int ready[], int max, int timeout_ms)
{
    struct epoll_event events[BATCH];
    int n = epoll_wait(epoll, events, max < BATCH ? max : BATCH, timeout_ms);

    for (int i = 0; i < n; i++)
        ready[i] = events[i].data.fd;
    return n;
}
