/* Outcome: fail
 * Says:
 */
#include <pthread.h>

int set_nonblocking(int fd)
{
    (void)fd;
    pthread_exit(NULL);
    return right(fd);
}
