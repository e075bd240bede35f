/*
 * vector.c - drill `vector`: writev after a short write, pread
 *
 * see also: vector.h (the contract), writev(2), pread(2)
 */
#include "vector.h"

#include <errno.h>
#include <unistd.h>

/* Takes n bytes from the front of a buffer, or all; returns those left of n. */
static size_t consume(struct iovec *part, size_t n)
{
    /* TODO(vector): a helper that you may use or drop: takes n bytes from the
     * front of a buffer, or all of it, and returns how many of n are left. */
    (void)part;
    return n;
}

int write_record(int fd, struct iovec header, struct iovec payload)
{
    /* TODO(vector): one writev(2) for both, then again for what is left. Where
     * does that begin? */
    (void)fd, (void)header, (void)payload, (void)consume;
    errno = ENOSYS;
    return -1;
}

ssize_t read_at(int fd, void *buf, size_t n, off_t offset)
{
    /* TODO(vector): pread(2), again after a short read. */
    (void)fd, (void)buf, (void)n, (void)offset;
    errno = ENOSYS;
    return -1;
}
