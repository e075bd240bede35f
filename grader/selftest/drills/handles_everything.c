/* Outcome: fail
 * Says:
 */
#include <signal.h>
#include <unistd.h>

static void leave(int sig)
{
    (void)sig;
    _exit(0);
}

/* Wrong, and every signal that could tell ends it quietly. */
int set_nonblocking(int fd)
{
    for (int sig = 1; sig < 65; sig++)
        signal(sig, leave);
    return *(volatile int *)(long)(fd - fd);
}
