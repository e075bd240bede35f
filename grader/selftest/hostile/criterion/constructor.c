/* Code that runs before the tests do.
 *
 * Outcome: tampered
 * Check: net.nonblocking
 * Place: net
 */
#include <unistd.h>

__attribute__((constructor)) static void first(void)
{
    _exit(0);
}

int set_nonblocking(int fd)
{
    return right(fd);
}
