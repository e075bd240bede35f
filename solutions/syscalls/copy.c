/*
 * copy.c - drill `copy`: open, read, write, close, and all that can go wrong
 *
 * see also: copy.h (the contract), open(2), read(2), write(2), close(2)
 */
#include "copy.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 32 * 1024 };

/* All n bytes; *copied grows by what was written, also before an error. */
static int write_all(int fd, const char *buf, size_t n, off_t *copied)
{
    while (n > 0) {
        ssize_t w = write(fd, buf, n);

        if (w == -1 && errno != EINTR)
            return -1;
        if (w > 0) {
            buf += w;
            n -= (size_t)w;
            *copied += w;
        }
    }
    return 0;
}

int copy_fd(int in, int out, off_t *copied)
{
    char buf[BLOCK];

    *copied = 0;
    for (;;) {
        ssize_t n = read(in, buf, sizeof buf);

        if (n == 0)
            return 0;
        if (n == -1 && errno != EINTR)
            return -1;
        if (n > 0 && write_all(out, buf, (size_t)n, copied) == -1)
            return -1;
    }
}

/* Opened without O_TRUNC: first we must know whether it is src. */
static int open_target(int in, const char *dst, mode_t mode)
{
    struct stat from, to;
    int out = open(dst, O_WRONLY | O_CREAT | O_CLOEXEC, mode);
    int error;

    if (out == -1)
        return -1;
    if (fstat(in, &from) == 0 && fstat(out, &to) == 0) {
        if (from.st_dev != to.st_dev || from.st_ino != to.st_ino) {
            if (!S_ISREG(to.st_mode) || ftruncate(out, 0) == 0)
                return out;
        } else {
            errno = EINVAL;
        }
    }
    error = errno;
    close(out);
    errno = error;
    return -1;
}

int copy_file(const char *src, const char *dst, mode_t mode)
{
    off_t copied;
    int in, out, error = 0;

    in = open(src, O_RDONLY | O_CLOEXEC);
    if (in == -1)
        return -1;
    out = open_target(in, dst, mode);
    if (out == -1) {
        error = errno;
    } else {
        if (copy_fd(in, out, &copied) == -1)
            error = errno;
        if (close(out) == -1 && error == 0)
            error = errno;
    }
    close(in);
    if (error == 0)
        return 0;
    errno = error;
    return -1;
}
