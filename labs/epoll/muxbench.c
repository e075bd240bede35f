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

/*
 * TODO(muxbench): wait_select. FD_ZERO, FD_SET, select(2), FD_ISSET. Which
 * numbers have room in an fd_set? What is the first argument of select?
 */
int wait_select(const int fds[], int n, int ready[], int timeout_ms)
{
    (void)fds, (void)n, (void)ready, (void)timeout_ms;
    errno = ENOSYS;
    return -1;
}

/*
 * TODO(muxbench): wait_poll. Which bits can revents have, although only
 * POLLIN was asked for?
 */
int wait_poll(struct pollfd polls[], int n, int ready[], int timeout_ms)
{
    (void)polls, (void)n, (void)ready, (void)timeout_ms;
    errno = ENOSYS;
    return -1;
}

/*
 * TODO(muxbench): epoll_watch. epoll_create1(2), then epoll_ctl(2) for each.
 */
int epoll_watch(const int fds[], int n)
{
    (void)fds, (void)n;
    errno = ENOSYS;
    return -1;
}

/*
 * TODO(muxbench): wait_epoll. epoll_wait(2) gives back what you stored in
 * data.
 */
int wait_epoll(int epoll, int ready[], int max, int timeout_ms)
{
    (void)epoll, (void)ready, (void)max, (void)timeout_ms;
    errno = ENOSYS;
    return -1;
}
