/* see also: lockfile.h (the contract), flock(2), fcntl(2), TLPI 55 */
#include "lockfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whoever held the lock before us may have removed the name since our open: a
 * lock on a file without name keeps nobody out. */
static bool is_named(int fd, const char *path)
{
    struct stat held, named;

    return fstat(fd, &held) == 0 && stat(path, &named) == 0 &&
           held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

static int write_pid(int fd)
{
    char text[32];
    int n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());

    if (ftruncate(fd, 0) == -1)
        return -1;
    return pwrite(fd, text, (size_t)n, 0) == n ? 0 : -1;
}

static int close_and_fail(int fd)
{
    int saved = errno;

    close(fd);
    errno = saved;
    return -1;
}

/* No O_TRUNC: the content is that of the holder until we are it. */
int pidfile_acquire(const char *path)
{
    for (;;) {
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);

        if (fd == -1)
            return -1;
        if (flock(fd, LOCK_EX | LOCK_NB) == -1)
            return close_and_fail(fd);
        if (!is_named(fd, path)) {
            close(fd);
            continue;
        }
        return write_pid(fd) == -1 ? close_and_fail(fd) : fd;
    }
}

/* In the other order another process may have locked the file before we remove
 * its name: then a third one makes a new file and locks that. */
int pidfile_release(const char *path, int fd)
{
    if (unlink(path) == -1)
        return close_and_fail(fd);
    return close(fd);
}

pid_t record_lock_owner(int fd)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

    if (fcntl(fd, F_GETLK, &lock) == -1)
        return -1;
    return lock.l_type == F_UNLCK ? 0 : lock.l_pid;
}
