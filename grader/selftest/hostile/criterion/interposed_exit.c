/* Whoever calls exit(3) calls this one.
 *
 * Outcome: tampered
 * Check: net.nonblocking
 * Place: net
 */
#include <unistd.h>

void exit(int status)
{
    (void)status;
    _exit(0);
}

int set_nonblocking(int fd)
{
    (void)fd;
    return -1;
}
