/*
 * flag_loop: echoes bytes from stdin to stdout until SIGTERM has set a flag.
 *
 * usage: flag_loop naive     tests the flag, then waits: a signal in between is lost
 *        flag_loop masked    lets the signal in while it waits, and only then
 */
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

static volatile sig_atomic_t stop;

static void on_term(int sig)
{
    (void)sig;
    stop = 1;
}

int main(int argc, char **argv)
{
    struct epoll_event event = {.events = EPOLLIN};
    int epoll = epoll_create1(0);
    sigset_t open, term;
    char byte;

    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    signal(SIGTERM, on_term);
    sigprocmask(SIG_BLOCK, NULL, &open);
    if (argc > 1 && strcmp(argv[1], "masked") == 0)
        sigprocmask(SIG_BLOCK, &term, NULL);
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &event) == -1)
        return 1;
    while (!stop)
        if (epoll_pwait(epoll, &event, 1, -1, &open) == 1 &&
            (read(STDIN_FILENO, &byte, 1) != 1 ||
             write(STDOUT_FILENO, &byte, 1) != 1))
            return 1;
    return 0;
}
