/* Another way: EINVAL of F_DUPFD tells the limit; O_APPEND is the flag. */
#include "fdtable.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int dup_onto(int old, int new)
{
    int probe;

    if (fcntl(old, F_GETFD) < 0)
        return -1;
    if (new == old)
        return old;
    probe = new < 0 ? -1 : fcntl(old, F_DUPFD, new);
    if (probe == new &&new >= 0)
        return new;
    if (probe >= 0)
        close(probe);
    else if (errno != EMFILE || new < 0) {
        errno = EBADF;
        return -1;
    }
    close(new);
    return fcntl(old, F_DUPFD, new);
}

int same_description(int a, int b)
{
    int fa = fcntl(a, F_GETFL), fb = fcntl(b, F_GETFL), same;

    if (fa < 0 || fb < 0)
        return -1;
    if (fcntl(b, F_SETFL, fb ^ O_APPEND) < 0)
        return -1;
    same = ((fcntl(a, F_GETFL) ^ fa) & O_APPEND) != 0;
    fcntl(b, F_SETFL, fb);
    return same;
}
