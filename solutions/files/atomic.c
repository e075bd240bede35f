/*
 * atomic.c - drill `atomic`: one call decides
 *
 * see also: atomic.h (the contract), open(2) on O_APPEND and O_EXCL
 */
#include "atomic.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* O_APPEND makes "go to the end" and "write" one step, for one write(2): two
 * halves of a record could have somebody else's between them. */
int append_record(const char *path, const void *data, size_t n)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    ssize_t written;

    if (fd == -1)
        return -1;
    do
        written = write(fd, data, n);
    while (written == -1 && errno == EINTR);
    if (written != -1 && (size_t)written < n) {
        errno = ENOSPC;
        written = -1;
    }
    close(fd);
    return written == -1 ? -1 : 0;
}

int claim(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

    if (fd == -1)
        return errno == EEXIST ? 0 : -1;
    close(fd);
    return 1;
}
