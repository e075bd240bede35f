/* Signals are held back while ppoll(2) waits; the result is asked for by a
 * second connect(2): EISCONN means connected. */
#define _GNU_SOURCE
#include "net.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

typedef bool attempt_fn(int fd, const struct addrinfo *a, void *arg);

/* Goes through the addresses until attempt succeeds on a new socket. */
static int first_that_works(const char *host, const char *port, int flags,
                            int type, attempt_fn *attempt, void *arg)
{
    struct addrinfo hints = {.ai_flags = flags, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    int gai = getaddrinfo(host, port, &hints, &list);
    int error = gai == 0 ? EADDRNOTAVAIL : net_errno(gai);

    for (struct addrinfo *a = list; a != NULL; a = a->ai_next) {
        int fd = socket(a->ai_family, type | SOCK_CLOEXEC, 0);

        if (fd != -1 && attempt(fd, a, arg)) {
            freeaddrinfo(list);
            return fd;
        }
        error = errno;
        if (fd != -1)
            close(fd);
    }
    if (list != NULL)
        freeaddrinfo(list);
    errno = error;
    return -1;
}

static bool try_listen(int fd, const struct addrinfo *a, void *backlog)
{
    return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)) ==
               0 &&
           bind(fd, a->ai_addr, a->ai_addrlen) == 0 &&
           listen(fd, *(int *)backlog) == 0;
}

int tcp_listen(const char *host, const char *port, int backlog)
{
    return first_that_works(host, port, AI_PASSIVE, SOCK_STREAM, try_listen,
                            &backlog);
}

static bool change(int fd, int flag, bool on)
{
    int flags = fcntl(fd, F_GETFL);

    if (flags == -1)
        return false;
    if (((flags & flag) != 0) == on)
        return true;
    return fcntl(fd, F_SETFL, flags ^ flag) == 0;
}

int set_nonblocking(int fd)
{
    return change(fd, O_NONBLOCK, true) ? 0 : -1;
}

static struct timespec minus(struct timespec a, struct timespec b)
{
    struct timespec d = {a.tv_sec - b.tv_sec, a.tv_nsec - b.tv_nsec};

    if (d.tv_nsec < 0) {
        d.tv_nsec += 1000000000;
        d.tv_sec--;
    }
    if (d.tv_sec < 0)
        d = (struct timespec){0, 0};
    return d;
}

static bool try_connect(int fd, const struct addrinfo *a, void *end)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    struct timespec now, left;
    sigset_t all;
    int n;

    sigfillset(&all);
    if (connect(fd, a->ai_addr, a->ai_addrlen) == 0)
        return change(fd, O_NONBLOCK, false);
    if (errno != EINPROGRESS)
        return false;
    clock_gettime(CLOCK_MONOTONIC, &now);
    left = minus(*(struct timespec *)end, now);
    n = ppoll(&p, 1, &left, &all);
    if (n == 0)
        errno = ETIMEDOUT;
    if (n != 1)
        return false;
    if (connect(fd, a->ai_addr, a->ai_addrlen) == -1 && errno != EISCONN)
        return false;
    return change(fd, O_NONBLOCK, false);
}

int tcp_connect_timeout(const char *host, const char *port, int ms)
{
    struct timespec end;

    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += ms / 1000;
    end.tv_nsec += ms % 1000 * 1000000;
    if (end.tv_nsec >= 1000000000) {
        end.tv_nsec -= 1000000000;
        end.tv_sec++;
    }
    return first_that_works(host, port, 0, SOCK_STREAM | SOCK_NONBLOCK,
                            try_connect, &end);
}
