/*
 * signals.h - drill `signals`: three ways to hear of a signal
 *
 * You write signals.c. Nothing in here prints or exits; a function that fails
 * returns -1 and says why in errno.
 *
 * see also: sigaction(2), signal-safety(7), pipe2(2), sigtimedwait(2);
 * TLPI 20-22, 63.5.2
 */
#ifndef SIGNALS_H
#define SIGNALS_H

/*
 * on_signal - from now on, handler(sig) runs when the signal comes.
 *
 * Each time, not only once. System calls that can be restarted are. While the
 * handler runs, every other signal waits. Returns 0, or -1 with the errno of
 * sigaction(2).
 */
int on_signal(int sig, void (*handler)(int));

/*
 * signal_fd_pipe - a descriptor that becomes readable when the signal comes.
 *
 * A handler writes a byte into a pipe (the self-pipe trick). Both ends are
 * non-blocking and close-on-exec. However many signals come while nobody reads,
 * the handler never blocks, and errno is for whom it interrupts what it was.
 * Each signal has a pipe of its own. System calls are restarted.
 *
 * Returns the descriptor to read from, or -1 with the errno of pipe2(2) or
 * sigaction(2); no descriptor is left open then. At most one call per signal.
 */
int signal_fd_pipe(int sig);

/*
 * wait_signal_timeout - wait until the signal comes, for ms milliseconds.
 *
 * One that came before, and waits because it is blocked, counts as well. The
 * signal is used up: no handler of it runs. Other signals interrupt the wait,
 * and do not prolong it. The caller's signal mask is as before afterwards.
 *
 * Returns 1 if it came, 0 if the time is up, -1 with the errno of
 * sigtimedwait(2).
 */
int wait_signal_timeout(int sig, int ms);

#endif
