/* select(2) instead of poll(2), ioctl(2) instead of fcntl(2), one exit. */
#include "net.h"

#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static void drop(int *fd)
{
    int saved = errno;

    if (*fd >= 0)
        close(*fd);
    *fd = -1;
    errno = saved;
}

static int lookup(const char *host, const char *port, int passive,
                  struct addrinfo **out)
{
    struct addrinfo hints;
    int rc;

    memset(&hints, 0, sizeof(hints));
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_protocol = IPPROTO_TCP;
    if (passive)
        hints.ai_flags = AI_PASSIVE;
    rc = getaddrinfo(host, port, &hints, out);
    if (rc != 0)
        errno = net_errno(rc);
    return rc == 0 ? 0 : -1;
}

static int new_socket(const struct addrinfo *ai)
{
    int fd = socket(ai->ai_family, ai->ai_socktype, ai->ai_protocol);

    if (fd >= 0 && ioctl(fd, FIOCLEX) == -1)
        drop(&fd);
    return fd;
}

int tcp_listen(const char *host, const char *port, int backlog)
{
    struct addrinfo *ai, *head;
    int one = 1, fd = -1, saved;

    if (lookup(host, port, 1, &head) < 0)
        return -1;
    for (ai = head; ai; ai = ai->ai_next) {
        fd = new_socket(ai);
        if (fd < 0)
            continue;
        if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 &&
            bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 &&
            listen(fd, backlog) == 0)
            break;
        drop(&fd);
    }
    saved = errno;
    freeaddrinfo(head);
    errno = saved;
    return fd;
}

static int blocking_mode(int fd, int nonblocking)
{
    return ioctl(fd, FIONBIO, &nonblocking);
}

int set_nonblocking(int fd)
{
    return blocking_mode(fd, 1);
}

/* Microseconds until end; 0 if it has passed. */
static struct timeval until(const struct timespec *end)
{
    struct timespec now;
    int64_t us;

    clock_gettime(CLOCK_MONOTONIC, &now);
    us = (int64_t)(end->tv_sec - now.tv_sec) * 1000000 +
         (end->tv_nsec - now.tv_nsec) / 1000;
    if (us < 0)
        us = 0;
    return (struct timeval){us / 1000000, us % 1000000};
}

static int established(int fd, const struct timespec *end)
{
    struct timeval left;
    int rc, error = 0;
    socklen_t len = sizeof error;
    fd_set out;

    for (;;) {
        FD_ZERO(&out);
        FD_SET(fd, &out);
        left = until(end);
        rc = select(fd + 1, NULL, &out, NULL, &left);
        if (rc > 0)
            break;
        if (rc == 0)
            errno = ETIMEDOUT;
        if (rc == 0 || errno != EINTR)
            return -1;
    }
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
        return -1;
    errno = error;
    return error ? -1 : 0;
}

int tcp_connect_timeout(const char *host, const char *port, int ms)
{
    struct addrinfo *ai, *head;
    struct timespec end;
    int fd = -1, saved;

    if (lookup(host, port, 0, &head) < 0)
        return -1;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += ms / 1000;
    end.tv_nsec += ms % 1000 * 1000000L;
    for (ai = head; ai; ai = ai->ai_next) {
        fd = new_socket(ai);
        if (fd < 0)
            continue;
        if (blocking_mode(fd, 1) == 0 &&
            (connect(fd, ai->ai_addr, ai->ai_addrlen) == 0 ||
             (errno == EINPROGRESS && established(fd, &end) == 0)) &&
            blocking_mode(fd, 0) == 0)
            break;
        drop(&fd);
    }
    saved = errno;
    freeaddrinfo(head);
    errno = saved;
    return fd;
}
