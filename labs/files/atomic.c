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
    /* TODO(atomic): which flag of open(2) makes "to the end" and "write" one
     * step, and how many writes may a record take? */
    (void)path, (void)data, (void)n;
    errno = ENOSYS;
    return -1;
}

int claim(const char *path)
{
    /* TODO(atomic): which flags make "is it there?" and "make it" one step? */
    (void)path;
    errno = ENOSYS;
    return -1;
}
