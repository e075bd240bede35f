/* Outcome: fail
 * Says: flags
 */
#include <stdlib.h>
#include <unistd.h>

static void leave(void)
{
    _exit(0);
}

/* Does nothing, and hopes that the end of the process hides it. */
int set_nonblocking(int fd)
{
    (void)fd;
    atexit(leave);
    return 0;
}
