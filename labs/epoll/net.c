/*
 * net.c - drill `net`: listen, connect with a time limit, non-blocking mode
 *
 * see also: net.h (the contract), getaddrinfo(3), connect(2), tcp(7)
 */
#include "net.h"

#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/*
 * TODO(net): tcp_listen. getaddrinfo(3) with AI_PASSIVE gives a list of
 * addresses; for each of them: socket(2), setsockopt(2), bind(2), listen(2),
 * until one works. Close what you opened whenever a step fails, and give the
 * list back with freeaddrinfo(3).
 */
int tcp_listen(const char *host, const char *port, int backlog)
{
    (void)host, (void)port, (void)backlog;
    errno = ENOSYS;
    return -1;
}

/*
 * TODO(net): set_nonblocking. fcntl(2): read the flags, add one, write them
 * back.
 */
int set_nonblocking(int fd)
{
    (void)fd;
    errno = ENOSYS;
    return -1;
}

/*
 * TODO(net): tcp_connect_timeout. connect(2) on a non-blocking socket says
 * EINPROGRESS; poll(2) waits; getsockopt(2) with SO_ERROR tells the result.
 * Compute the moment when the time is over once, with clock_gettime(2) and
 * CLOCK_MONOTONIC, and what is left of it before every poll.
 */
int tcp_connect_timeout(const char *host, const char *port, int ms)
{
    (void)host, (void)port, (void)ms;
    errno = ENOSYS;
    return -1;
}
