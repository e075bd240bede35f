/* Outcome: tampered
 * Says: named write
 */
#include <unistd.h>

__attribute__((weak)) ssize_t write(int fd, const void *buf, size_t n)
{
    (void)fd, (void)buf;
    return (ssize_t)n;
}

int set_nonblocking(int fd)
{
    (void)fd;
    return right(fd);
}
