/* A lock of the open file description, by fcntl(2). */
#define _GNU_SOURCE
#include "lockfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int pidfile_acquire(const char *path)
{
    struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    struct stat mine, named;
    int fd, saved;

    do {
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (fd == -1)
            return -1;
        if (fcntl(fd, F_OFD_SETLK, &all) == -1)
            goto fail;
        if (fstat(fd, &mine) == -1)
            goto fail;
        if (stat(path, &named) == 0 && named.st_ino == mine.st_ino &&
            named.st_dev == mine.st_dev)
            break;
        close(fd);
    } while (1);
    if (ftruncate(fd, 0) == 0 && dprintf(fd, "%d\n", getpid()) > 0)
        return fd;
fail:
    saved = errno;
    close(fd);
    errno = saved == EACCES ? EWOULDBLOCK : saved;
    return -1;
}

int pidfile_release(const char *path, int fd)
{
    int result = unlink(path), error = errno;

    close(fd);
    errno = error;
    return result;
}

pid_t record_lock_owner(int fd)
{
    struct flock lock;

    memset(&lock, 0, sizeof(lock));
    lock.l_type = F_RDLCK;
    if (fcntl(fd, F_GETLK, &lock) != 0)
        return -1;
    if (lock.l_type == F_UNLCK)
        return 0;
    return lock.l_pid;
}
