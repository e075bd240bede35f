/* see also: detach.h (the contract), daemon(7), TLPI 37.2 */
#include "detach.h"

#include <errno.h>

/* TODO(detach): pipe2(2), fork(2), setsid(2), fork again; then umask(2),
 * chdir(2), close_range(2), dup2(2), as flags allow. In the process that called:
 * read(2) from the pipe, _exit(2). Which processes still hold the end of the
 * pipe that is written to? */
int become_daemon(int flags)
{
    (void)flags;
    errno = ENOSYS;
    return -1;
}

/* TODO(detach): one byte into the pipe. write(2), close(2). */
int detach_ready(int fd, int status)
{
    (void)fd, (void)status;
    errno = ENOSYS;
    return -1;
}
