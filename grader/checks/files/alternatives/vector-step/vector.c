/* Another way: one count of what is written, the vector built anew each time. */
#define _GNU_SOURCE
#include "vector.h"

#include <errno.h>
#include <unistd.h>

int write_record(int fd, struct iovec header, struct iovec payload)
{
    size_t total = header.iov_len + payload.iov_len, done = 0;

    while (done < total) {
        size_t h = done < header.iov_len ? done : header.iov_len, p = done - h;
        struct iovec v[2] = {
            {(char *)header.iov_base + h, header.iov_len - h},
            {(char *)payload.iov_base + p, payload.iov_len - p}};
        int first = v[0].iov_len == 0;
        ssize_t n = writev(fd, v + first, 2 - first);

        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            return -1;
        done += (size_t)n;
    }
    return 0;
}

ssize_t read_at(int fd, void *buf, size_t n, off_t offset)
{
    struct iovec v = {buf, n};
    ssize_t r, all = 0;

    do {
        r = preadv(fd, &v, 1, offset + all);
        if (r > 0) {
            all += r;
            v.iov_base = (char *)v.iov_base + r;
            v.iov_len -= (size_t)r;
        }
    } while ((r > 0 && v.iov_len > 0) || (r == -1 && errno == EINTR));
    return r == -1 ? -1 : all;
}
