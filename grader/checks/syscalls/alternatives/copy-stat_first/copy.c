/* copy - asks stat about the names before anything is opened for writing, and
 * uses a buffer from the heap */
#include "copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int copy_fd(int in, int out, off_t *copied)
{
    size_t size = 1 << 20, at;
    char *block = malloc(size);
    ssize_t n, w;
    int error = 0;

    *copied = 0;
    if (block == NULL)
        return -1;
    while (error == 0 && (n = read(in, block, size)) != 0) {
        if (n == -1 && errno != EINTR)
            error = errno;
        for (at = 0; n > 0 && at < (size_t)n && error == 0;) {
            w = write(out, block + at, (size_t)n - at);
            if (w == -1 && errno != EINTR)
                error = errno;
            at += w > 0 ? (size_t)w : 0;
            *copied += w > 0 ? w : 0;
        }
    }
    free(block);
    errno = error;
    return error == 0 ? 0 : -1;
}

int copy_file(const char *src, const char *dst, mode_t mode)
{
    int in = open(src, O_RDONLY | O_CLOEXEC), out = -1, result = -1, error;
    struct stat a, b;
    off_t copied;

    if (in == -1)
        return -1;
    if (fstat(in, &a) == -1)
        goto end;
    if (stat(dst, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino) {
        errno = EINVAL;
        goto end;
    }
    out = open(dst, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (out != -1)
        result = copy_fd(in, out, &copied);
end:
    error = errno;
    if (out != -1 && close(out) == -1 && result == 0) {
        error = errno;
        result = -1;
    }
    close(in);
    errno = error;
    return result;
}
