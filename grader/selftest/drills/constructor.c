/* Outcome: tampered
 * Says: runs before or after the tests
 */
#include <stdlib.h>
#include <unistd.h>

static void __attribute__((constructor)) early(void)
{
    _exit(0);
}

int set_nonblocking(int fd)
{
    (void)fd;
    return right(fd);
}
