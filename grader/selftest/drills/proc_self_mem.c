/* Outcome: tampered
 * Says: memory of a process
 */
#include <fcntl.h>

/* /proc/self/mem writes where mprotect(2) says no. */
int set_nonblocking(int fd)
{
    open("/proc/self/mem", O_RDWR);
    return right(fd);
}
