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
    /* TODO(fdtable): whether fd may be a descriptor at all. getrlimit(2). */
    (void)fd;
    return 0;
}

/* Everything that can go wrong is asked before new is closed. */
int dup_onto(int old, int new)
{
    /* TODO(fdtable): what can go wrong, and what must not have been closed
     * then? F_GETFD, F_DUPFD, RLIMIT_NOFILE. */
    (void)old, (void)new, (void)possible;
    errno = ENOSYS;
    return -1;
}

/* Status flags belong to the description: what is changed through one
 * descriptor is seen through the other exactly if they share it. */
int same_description(int a, int b)
{
    /* TODO(fdtable): what belongs to the description and can be changed by one
     * descriptor and seen by the other? F_GETFL, F_SETFL. */
    (void)a, (void)b;
    errno = ENOSYS;
    return -1;
}
