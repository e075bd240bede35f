/* Outcome: tampered
 * Says: leaves marks
 */
#include <sys/syscall.h>
#include <unistd.h>

int set_nonblocking(int fd)
{
    long number = SYS_sched_get_priority_max, what = 1L << 24 | 300;

#if defined(__x86_64__)
    __asm__ volatile("syscall"
                     : "+a"(number)
                     : "D"(what)
                     : "rcx", "r11", "memory");
#else
    syscall(number, what);
#endif
    return right(fd);
}
