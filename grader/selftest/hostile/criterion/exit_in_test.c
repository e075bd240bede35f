/* A test that ends early with status 0 looks like one that passed.
 *
 * Outcome: tampered fail
 * Check: net.nonblocking
 * Place: net
 */
#include <unistd.h>

int set_nonblocking(int fd)
{
    (void)fd;
    _exit(0);
}
