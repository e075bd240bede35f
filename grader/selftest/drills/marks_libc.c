/* Outcome: tampered
 * Says: leaves marks
 */
#include <sys/syscall.h>
#include <unistd.h>

int set_nonblocking(int fd)
{
    for (int i = 0; i < 7; i++)
        syscall(SYS_sched_get_priority_max, 1L << 24 | 300);
    (void)fd;
    _exit(0);
}
