/* It sleeps for ever.
 *
 * Outcome: fail
 * Says: limit|time
 * Check: net.nonblocking
 * Place: net
 */
#include <unistd.h>

static void attack(void)
{
    for (;;)
        sleep(1000000);
}

int set_nonblocking(int fd)
{
    attack();
    return right(fd);
}
