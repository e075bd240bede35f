/*
 * io.c - drill `io`: short reads and writes, EINTR, a ring of unsent bytes
 *
 * see also: io.h (the contract), read(2), write(2), send(2), signal(7)
 */
#include "io.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

ssize_t read_full(int fd, void *buf, size_t n)
{
    char *bytes = buf;
    size_t done = 0;

    while (done < n) {
        ssize_t r = read(fd, bytes + done, n - done);

        if (r == 0)
            break; /* end-of-file: the caller sees it from the count */
        if (r > 0)
            done += (size_t)r;
        else if (errno != EINTR)
            return -1;
    }
    return (ssize_t)done;
}

ssize_t write_full(int fd, const void *buf, size_t n)
{
    const char *bytes = buf;
    size_t done = 0;

    while (done < n) {
        ssize_t w = write(fd, bytes + done, n - done);

        if (w >= 0)
            done += (size_t)w;
        else if (errno != EINTR)
            return -1;
    }
    return (ssize_t)n;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t ring_put(struct ring *ring, const void *buf, size_t n)
{
    size_t tail = (ring->head + ring->used) % ring->capacity;
    size_t first;

    n = smaller(n, ring->capacity - ring->used);
    first = smaller(n, ring->capacity - tail);
    memcpy(ring->data + tail, buf, first);
    memcpy(ring->data, (const char *)buf + first, n - first);
    ring->used += n;
    return n;
}

/* Sends the oldest bytes up to the end of the memory: one piece of two. */
static ssize_t send_piece(int fd, struct ring *ring)
{
    size_t n = smaller(ring->used, ring->capacity - ring->head);
    ssize_t sent = send(fd, ring->data + ring->head, n, MSG_NOSIGNAL);

    if (sent > 0) {
        ring->head = (ring->head + (size_t)sent) % ring->capacity;
        ring->used -= (size_t)sent;
    }
    return sent;
}

ssize_t write_some(int fd, struct ring *ring)
{
    size_t before = ring->used;

    while (ring->used > 0) {
        if (send_piece(fd, ring) >= 0 || errno == EINTR)
            continue;
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            break;
        return -1;
    }
    return (ssize_t)(before - ring->used);
}
