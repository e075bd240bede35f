/*
 * signals.c - three ways to hear of a signal
 *
 * see also: signals.h (the contract); TLPI 20.13, 21.1, 22.10, 63.5.2
 */
#define _GNU_SOURCE /* pipe2 */
#include "signals.h"

#include <errno.h>

/* TODO(signals): sigaction(2) with SA_RESTART and a mask. TLPI 20.13. */
int on_signal(int sig, void (*handler)(int))
{
    (void)sig, (void)handler;
    errno = ENOSYS;
    return -1;
}

/* TODO(signals): pipe2(2), and a handler that writes a byte and keeps errno.
 * How does it know which pipe? TLPI 63.5.2. */
int signal_fd_pipe(int sig)
{
    (void)sig;
    errno = ENOSYS;
    return -1;
}

/* TODO(signals): block the signal, sigtimedwait(2) with the time that is left,
 * put the mask back. TLPI 22.10. */
int wait_signal_timeout(int sig, int ms)
{
    (void)sig, (void)ms;
    errno = ENOSYS;
    return -1;
}
