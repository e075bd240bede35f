/* Both pieces of the ring go into one sendmsg(2); pointers move, not counts. */
#include "io.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

ssize_t read_full(int fd, void *buf, size_t n)
{
    char *p = buf, *end = p + n;

    while (p != end) {
        ssize_t got = read(fd, p, (size_t)(end - p));

        if (got == 0)
            return p - (char *)buf;
        if (got == -1 && errno == EINTR)
            got = 0;
        if (got == -1)
            return -1;
        p += got;
    }
    return (ssize_t)n;
}

ssize_t write_full(int fd, const void *buf, size_t n)
{
    struct iovec rest = {(void *)buf, n};

    while (rest.iov_len != 0) {
        ssize_t put = writev(fd, &rest, 1);

        if (put == -1 && errno == EINTR)
            continue;
        if (put == -1)
            return -1;
        rest.iov_base = (char *)rest.iov_base + put;
        rest.iov_len -= (size_t)put;
    }
    return (ssize_t)n;
}

/* The n bytes from place on, as one or two pieces of memory. */
static int pieces(struct ring *ring, size_t place, size_t n, struct iovec v[2])
{
    size_t to_end = ring->capacity - place;

    v[0].iov_base = ring->data + place;
    v[0].iov_len = n < to_end ? n : to_end;
    v[1].iov_base = ring->data;
    v[1].iov_len = n - v[0].iov_len;
    return v[1].iov_len == 0 ? 1 : 2;
}

size_t ring_put(struct ring *ring, const void *buf, size_t n)
{
    size_t free_bytes = ring->capacity - ring->used;
    struct iovec v[2];

    if (n > free_bytes)
        n = free_bytes;
    if (n == 0)
        return 0;
    pieces(ring, (ring->head + ring->used) % ring->capacity, n, v);
    memcpy(v[0].iov_base, buf, v[0].iov_len);
    memcpy(v[1].iov_base, (const char *)buf + v[0].iov_len, v[1].iov_len);
    ring->used += n;
    return n;
}

ssize_t write_some(int fd, struct ring *ring)
{
    struct iovec v[2];
    struct msghdr m = {.msg_iov = v};
    ssize_t sum = 0, n;

    for (; ring->used != 0; sum += n) {
        m.msg_iovlen = (size_t)pieces(ring, ring->head, ring->used, v);
        while ((n = sendmsg(fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT)) == -1 &&
               errno == EINTR)
            ;
        if (n == -1)
            return errno == EAGAIN ? sum : -1;
        ring->head += (size_t)n;
        if (ring->head >= ring->capacity)
            ring->head -= ring->capacity;
        ring->used -= (size_t)n;
        if (ring->used == 0)
            ring->head = 0;
    }
    return sum;
}
