/* The ring moves byte by byte; SIGPIPE is blocked and taken back instead of
 * MSG_NOSIGNAL; read_full looks with poll(2) first. */
#include "io.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static ssize_t read_once(int fd, void *buf, size_t n)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    if (poll(&p, 1, -1) == -1 && errno == EINTR)
        return read_once(fd, buf, n);
    do {
        ssize_t got = read(fd, buf, n);

        if (got != -1 || errno != EINTR)
            return got;
    } while (true);
}

ssize_t read_full(int fd, void *buf, size_t n)
{
    size_t left;
    ssize_t got = 1;

    for (left = n; left > 0 && got > 0; left -= (size_t)got) {
        got = read_once(fd, (char *)buf + (n - left), left);
        if (got == -1)
            return -1;
    }
    return (ssize_t)(n - left);
}

static ssize_t write_once(int fd, const void *buf, size_t n)
{
    ssize_t put;

    do
        put = write(fd, buf, n);
    while (put == -1 && errno == EINTR);
    return put;
}

ssize_t write_full(int fd, const void *buf, size_t n)
{
    ssize_t put;

    for (size_t done = 0; done < n; done += (size_t)put)
        if ((put = write_once(fd, (const char *)buf + done, n - done)) == -1)
            return -1;
    return (ssize_t)n;
}

size_t ring_put(struct ring *ring, const void *buf, size_t n)
{
    const unsigned char *from = buf;
    size_t i;

    for (i = 0; i < n && ring->used < ring->capacity; i++) {
        ring->data[(ring->head + ring->used) % ring->capacity] = from[i];
        ring->used++;
    }
    return i;
}

/* Sends one piece with SIGPIPE blocked; if it was raised, takes it back. */
static ssize_t send_quietly(int fd, const void *buf, size_t n)
{
    sigset_t sigpipe, old;
    struct timespec now = {0, 0};
    ssize_t put;
    int error;

    sigemptyset(&sigpipe);
    sigaddset(&sigpipe, SIGPIPE);
    sigprocmask(SIG_BLOCK, &sigpipe, &old);
    put = write_once(fd, buf, n);
    error = errno;
    if (put == -1 && error == EPIPE)
        sigtimedwait(&sigpipe, NULL, &now);
    sigprocmask(SIG_SETMASK, &old, NULL);
    errno = error;
    return put;
}

ssize_t write_some(int fd, struct ring *ring)
{
    unsigned char piece[512];
    ssize_t sum = 0, put;
    size_t n;

    while (ring->used > 0) {
        n = ring->used < sizeof(piece) ? ring->used : sizeof(piece);
        for (size_t i = 0; i < n; i++)
            piece[i] = ring->data[(ring->head + i) % ring->capacity];
        put = send_quietly(fd, piece, n);
        if (put == -1 && errno == EAGAIN)
            return sum;
        if (put == -1)
            return -1;
        for (; put > 0; put--, sum++, ring->used--)
            ring->head = (ring->head + 1) % ring->capacity;
    }
    return sum;
}
