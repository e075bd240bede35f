/* Outcome: tampered
 * Says: memory of a process
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int set_nonblocking(int fd)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/mem", getppid());
    open(path, O_RDWR);
    return right(fd);
}
