/* All descriptors.
 *
 * Outcome: pass
 * Check: net.nonblocking
 * Place: net
 */
#include <unistd.h>

static void attack(void)
{
    while (dup(2) != -1)
        continue;
}

int set_nonblocking(int fd)
{
    attack();
    return right(fd);
}
