/* Outcome: fail
 * Says:
 */
#include <unistd.h>

static int forked;

/* Both processes go on with the test. */
int set_nonblocking(int fd)
{
    if (!forked++)
        fork();
    return right(fd);
}
