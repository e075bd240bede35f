/*
 * fdtable.c - drill `fdtable`: dup2 by F_DUPFD, and who shares a description
 *
 * see also: fdtable.h (the contract), fcntl(2), dup(2), getrlimit(2)
 */
#include "fdtable.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

static int possible(int fd)
{
    struct rlimit limit;

    return getrlimit(RLIMIT_NOFILE, &limit) == 0 && fd >= 0 &&
           (rlim_t)fd < limit.rlim_cur;
}

/* Everything that can go wrong is asked before new is closed. */
int dup_onto(int old, int new)
{
    if (fcntl(old, F_GETFD) == -1)
        return -1;
    if (old == new)
        return new;
    if (!possible(new)) {
        errno = EBADF;
        return -1;
    }
    close(new);
    return fcntl(old, F_DUPFD, new);
}

/* Status flags belong to the description: what is changed through one
 * descriptor is seen through the other exactly if they share it. */
int same_description(int a, int b)
{
    int before = fcntl(a, F_GETFL), other = fcntl(b, F_GETFL), after;

    if (before == -1 || other == -1)
        return -1;
    if (fcntl(a, F_SETFL, before ^ O_NONBLOCK) == -1)
        return -1;
    after = fcntl(b, F_GETFL);
    fcntl(a, F_SETFL, before);
    return after != other;
}
