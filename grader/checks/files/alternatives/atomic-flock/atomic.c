/* Another way: a lock around seek and write; a file is claimed by link(2). */
#include "atomic.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

int append_record(const char *path, const void *data, size_t n)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644), error = 0;
    ssize_t w;

    if (fd == -1)
        return -1;
    if (flock(fd, LOCK_EX) == -1 || lseek(fd, 0, SEEK_END) == -1) {
        error = errno;
    } else {
        w = write(fd, data, n);
        error = w == -1 ? errno : w < (ssize_t)n ? ENOSPC : 0;
    }
    close(fd);
    errno = error;
    return error ? -1 : 0;
}

int claim(const char *path)
{
    int fd = open(path, O_RDONLY | O_CREAT | O_EXCL, 0600);

    if (fd >= 0) {
        close(fd);
        return 1;
    }
    return errno == EEXIST ? 0 : -1;
}
