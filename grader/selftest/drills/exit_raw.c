/* Outcome: fail
 * Says: ends the process instead of returning
 */
#include <sys/syscall.h>

int set_nonblocking(int fd)
{
    long number = SYS_exit_group;

    (void)fd;
#if defined(__x86_64__)
    __asm__ volatile("syscall"
                     : "+a"(number)
                     : "D"(0L)
                     : "rcx", "r11", "memory");
#else
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = 0;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8) : "memory");
#endif
    return -1;
}
