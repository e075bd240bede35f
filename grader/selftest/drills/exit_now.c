/* Outcome: fail
 * Says: ends the process instead of returning
 */
#include <unistd.h>

int set_nonblocking(int fd)
{
    (void)fd;
    _exit(0);
    return right(fd);
}
