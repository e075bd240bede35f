/*
 * sysdaemon_start.c - from a command to a service
 *
 * see also: daemon(7), setsid(2), fcntl(2), setresuid(2), credentials(7)
 */
#include "sysdaemon.h"

#include <errno.h>

/* TODO(project): step 2. pipe2(2), fork(2), setsid(2), fork(2), umask(2),
 * chdir(2), close_range(2), dup2(2). The process that called reads from the
 * pipe, and exits as sysdaemon.h says. */
int become_daemon(void)
{
    errno = ENOSYS;
    return -1;
}

/* TODO(project): step 2. stderr to /dev/null; a byte into the pipe. */
int tell_ready(int ready)
{
    (void)ready;
    errno = ENOSYS;
    return -1;
}

/* TODO(project): step 3. open(2), a lock that does not wait, ftruncate(2), the
 * process id. Which process must take the lock? Until then: no file, no lock. */
int pidfile_hold(const char *path)
{
    (void)path;
    return 0;
}

/* TODO(project): step 3. */
void pidfile_remove(const char *path, int fd)
{
    (void)path, (void)fd;
}

/* TODO(project): step 7. getpwnam(3), setgroups(2), setresgid(2),
 * setresuid(2); then ask the kernel. */
int drop_privileges(const char *user)
{
    (void)user;
    errno = ENOSYS;
    return -1;
}
