/* Outcome: fail
 * Says:
 */
#include <signal.h>

int set_nonblocking(int fd)
{
    kill(0, SIGKILL);
    return right(fd);
}
