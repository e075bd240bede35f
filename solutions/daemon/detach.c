/* see also: detach.h (the contract), daemon(7), TLPI 37.2 */
#define _GNU_SOURCE /* pipe2, close_range */
#include "detach.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

/* The caller's part. End-of-file comes when the last process that holds the
 * other end is gone: nobody is left who could become ready. */
static int await_status(int fd)
{
    unsigned char status;
    ssize_t n;

    while ((n = read(fd, &status, 1)) == -1 && errno == EINTR)
        ;
    return n == 1 ? status : 1;
}

static int give_up_streams(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC), saved;
    bool bad = false;

    if (null == -1)
        return -1;
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO && !bad; fd++)
        bad = dup2(null, fd) == -1;
    saved = errno;
    if (null > STDERR_FILENO)
        close(null);
    errno = saved;
    return bad ? -1 : 0;
}

static int close_all_but(int kept)
{
    if (kept > 3 && close_range(3, (unsigned)kept - 1, 0) == -1)
        return -1;
    return close_range((unsigned)kept + 1, ~0U, 0);
}

/* fork; in the parent: end, after the child has said how it went if ready is a
 * pipe. Returns in the child. */
static int go_on_as_child(const int *ready)
{
    switch (fork()) {
    case -1:
        return -1;
    case 0:
        return 0;
    default:
        if (ready == NULL)
            _exit(0);
        close(ready[1]); /* or our own end would keep us waiting */
        _exit(await_status(ready[0]));
    }
}

/* setsid(2) leaves the terminal. It fails for the leader of a group, which the
 * first child never is. The second child leads no session, so a terminal that
 * it opens does not become its own. */
int become_daemon(int flags)
{
    int ready[2];

    if (pipe2(ready, O_CLOEXEC) == -1 || go_on_as_child(ready) == -1)
        return -1;
    close(ready[0]);
    if (setsid() == -1 || go_on_as_child(NULL) == -1)
        return -1;
    if (!(flags & DETACH_KEEP_UMASK))
        umask(027);
    if (!(flags & DETACH_KEEP_DIR) && chdir("/") == -1)
        return -1;
    if (!(flags & DETACH_KEEP_FDS) && close_all_but(ready[1]) == -1)
        return -1;
    return give_up_streams() == -1 ? -1 : ready[1];
}

int detach_ready(int fd, int status)
{
    unsigned char byte = (unsigned char)status;
    ssize_t n;
    int saved;

    while ((n = write(fd, &byte, 1)) == -1 && errno == EINTR)
        ;
    saved = errno;
    close(fd);
    errno = saved;
    return n == 1 ? 0 : -1;
}
