/* Outcome: fail
 * Says:
 */
#include <signal.h>
#include <unistd.h>

int set_nonblocking(int fd)
{
    sigset_t all;

    (void)fd;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    alarm(0);
    for (;;)
        pause();
}
