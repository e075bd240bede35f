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

/* Closes fd and keeps the errno that tells why: close(2) may set its own. */
static int close_failed(int fd)
{
    int saved = errno;

    close(fd);
    errno = saved;
    return -1;
}

static int resolve(const char *host, const char *port, int flags,
                   struct addrinfo **list)
{
    struct addrinfo hints = {.ai_flags = flags, .ai_socktype = SOCK_STREAM};
    int gai = getaddrinfo(host, port, &hints, list);

    if (gai == 0)
        return 0;
    errno = net_errno(gai);
    return -1;
}

static int listen_on(const struct addrinfo *a, int backlog)
{
    int on = 1;
    int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, 0);

    if (fd == -1)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == -1 ||
        bind(fd, a->ai_addr, a->ai_addrlen) == -1 || listen(fd, backlog) == -1)
        return close_failed(fd);
    return fd;
}

int tcp_listen(const char *host, const char *port, int backlog)
{
    struct addrinfo *list, *a;
    int fd = -1;

    if (resolve(host, port, AI_PASSIVE, &list) == -1)
        return -1;
    for (a = list; a != NULL && fd == -1; a = a->ai_next)
        fd = listen_on(a, backlog);
    freeaddrinfo(list);
    return fd;
}

int set_nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    if (flags == -1)
        return -1;
    return fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Waits until fd is writable. The deadline is a moment, not a duration: so
 * signals cannot prolong it. */
static int wait_writable(int fd, int64_t deadline)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    int64_t left;
    int n;

    do {
        left = deadline - now_ms();
        n = poll(&p, 1, left > 0 ? (int)left : 0);
    } while (n == -1 && errno == EINTR);
    if (n == 0)
        errno = ETIMEDOUT;
    return n == 1 ? 0 : -1;
}

/* Writable means only that the attempt is over; SO_ERROR says how it went. */
static int finish_connect(int fd, int64_t deadline)
{
    int error;
    socklen_t size = sizeof(error);

    if (wait_writable(fd, deadline) == -1 ||
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == -1)
        return -1;
    if (error != 0) {
        errno = error;
        return -1;
    }
    return 0;
}

static int set_blocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    return flags == -1 ? -1 : fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
}

static int connect_to(const struct addrinfo *a, int64_t deadline)
{
    int type = a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK;
    int fd = socket(a->ai_family, type, 0);

    if (fd == -1)
        return -1;
    if (connect(fd, a->ai_addr, a->ai_addrlen) == -1 &&
        (errno != EINPROGRESS || finish_connect(fd, deadline) == -1))
        return close_failed(fd);
    return set_blocking(fd) == 0 ? fd : close_failed(fd);
}

int tcp_connect_timeout(const char *host, const char *port, int ms)
{
    struct addrinfo *list, *a;
    int64_t deadline;
    int fd = -1;

    if (resolve(host, port, 0, &list) == -1)
        return -1;
    deadline = now_ms() + ms;
    for (a = list; a != NULL && fd == -1; a = a->ai_next)
        fd = connect_to(a, deadline);
    freeaddrinfo(list);
    return fd;
}
