/* Outcome: fail
 * Says: crash
 */
#include <stdlib.h>

int set_nonblocking(int fd)
{
    (void)fd;
    abort();
    return right(fd);
}
