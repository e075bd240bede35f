/* Outcome: fail
 * Says: crash|killed
 */
#include <signal.h>

int set_nonblocking(int fd)
{
    (void)fd;
    raise(SIGKILL);
    return right(fd);
}
