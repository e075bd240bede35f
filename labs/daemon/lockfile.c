/* see also: lockfile.h (the contract), flock(2), fcntl(2), TLPI 55 */
#include "lockfile.h"

#include <errno.h>

/* TODO(lockfile): open(2) without O_TRUNC, a lock that does not wait, and only
 * then ftruncate(2) and write(2). Whose is a lock of fcntl(2), F_SETLK, and
 * whose is one of flock(2)? What if the last holder has removed the file since
 * your open? */
int pidfile_acquire(const char *path)
{
    (void)path;
    errno = ENOSYS;
    return -1;
}

/* TODO(lockfile): unlink(2), close(2): in which order? */
int pidfile_release(const char *path, int fd)
{
    (void)path, (void)fd;
    errno = ENOSYS;
    return -1;
}

/* TODO(lockfile): fcntl(2), F_GETLK. What is in l_type if nobody is there? */
pid_t record_lock_owner(int fd)
{
    (void)fd;
    errno = ENOSYS;
    return -1;
}
