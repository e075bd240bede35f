/* All memory.
 *
 * Outcome: fail
 * Check: net.nonblocking
 * Place: net
 */
#include <stdlib.h>
#include <string.h>

static void attack(void)
{
    for (;;) {
        char *p = malloc(64 << 20);

        if (p == NULL)
            abort();
        memset(p, 1, 64 << 20);
    }
}

int set_nonblocking(int fd)
{
    attack();
    return right(fd);
}
