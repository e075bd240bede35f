/* Outcome: fail
 * Says: ends the process instead of returning
 */
#include <stdlib.h>

int set_nonblocking(int fd)
{
    (void)fd;
    quick_exit(0);
    return right(fd);
}
