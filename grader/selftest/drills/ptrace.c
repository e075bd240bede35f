/* Outcome: tampered
 * Says: ptrace
 */
#include <sys/ptrace.h>
#include <unistd.h>

int set_nonblocking(int fd)
{
    ptrace(PTRACE_ATTACH, getppid(), 0, 0);
    return right(fd);
}
