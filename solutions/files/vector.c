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
    size_t taken = n < part->iov_len ? n : part->iov_len;

    part->iov_base = (char *)part->iov_base + taken;
    part->iov_len -= taken;
    return n - taken;
}

int write_record(int fd, struct iovec header, struct iovec payload)
{
    struct iovec parts[] = {header, payload};

    while (parts[0].iov_len + parts[1].iov_len > 0) {
        ssize_t n = writev(fd, parts, 2);

        if (n >= 0)
            consume(&parts[1], consume(&parts[0], (size_t)n));
        else if (errno != EINTR)
            return -1;
    }
    return 0;
}

ssize_t read_at(int fd, void *buf, size_t n, off_t offset)
{
    size_t done = 0;

    while (done < n) {
        ssize_t r =
            pread(fd, (char *)buf + done, n - done, offset + (off_t)done);

        if (r == 0)
            break;
        if (r > 0)
            done += (size_t)r;
        else if (errno != EINTR)
            return -1;
    }
    return (ssize_t)done;
}
