/*
 * child_loop: waits for a child, rightly or not.
 *
 *   child_loop naive|masked
 *
 * naive sleeps in pause(2) unless a flag is set, masked in sigsuspend(2). The
 * child ends a little later.
 */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t ended;

static void on_child(int sig)
{
    (void)sig;
    ended = 1;
}

int main(int argc, char *argv[])
{
    const struct sigaction action = {.sa_handler = on_child};
    int masked = argc > 1 && strcmp(argv[1], "masked") == 0;
    sigset_t children, before;

    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    sigprocmask(masked ? SIG_BLOCK : SIG_UNBLOCK, &children, &before);
    sigaction(SIGCHLD, &action, NULL);
    if (fork() == 0) {
        usleep(200000); /* its parent is at its wait by then */
        _exit(0);
    }
    while (!ended) {
        if (masked)
            sigsuspend(&before);
        else
            pause();
    }
    return wait(NULL) == -1;
}
