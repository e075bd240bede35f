/*
 * muxbench.h - drill `muxbench`: one wait, three system calls
 *
 * The same question, "which of these descriptors can be read?", put to
 * select(2), poll(2) and epoll_wait(2). You write muxbench.c; the program
 * around it, muxbench_main.c, is given: it measures what an event costs with
 * each of them as the number of descriptors grows.
 *
 *     usage: muxbench [-c FILE]     -c: the table also as CSV
 *
 * A descriptor counts as ready when read(2) would not block: there is data, or
 * end-of-file, or an error (POLLHUP and POLLERR as well as POLLIN). All three
 * functions give the same answer to the same question:
 *
 * ready       room for as many numbers as there are descriptors; the numbers
 *             of those that are ready, each once, in any order
 * timeout_ms  the longest time to wait; 0: do not wait; -1: no limit
 *
 * They return how many are ready (0: the time is over), or -1 with the errno
 * of the system call (also EINTR: the caller decides).
 *
 * see also: select(2), poll(2), epoll(7), getrlimit(2); TLPI 63.2, 63.4
 */
#ifndef MUXBENCH_H
#define MUXBENCH_H

#include <poll.h>

/*
 * wait_select - by select(2). fds: the n descriptors to wait for.
 *
 * An fd_set has room for the numbers 0 to FD_SETSIZE - 1. FD_SET of any other
 * number writes outside of it: such a number is refused with -1 and EINVAL,
 * before anything is written. select overwrites its sets and its timeout, so
 * all is set up anew for each call. TLPI 63.2.1.
 */
int wait_select(const int fds[], int n, int ready[], int timeout_ms);

/*
 * wait_poll - by poll(2). polls: n descriptors, whose fd and events (POLLIN)
 * the caller has filled in; they stay as they are. TLPI 63.2.2.
 */
int wait_poll(struct pollfd polls[], int n, int ready[], int timeout_ms);

/*
 * epoll_watch - an epoll instance (close-on-exec) that waits for the n
 * descriptors in fds to become readable, level-triggered.
 *
 * Returns its descriptor, or -1 with the errno of the call that failed; no
 * descriptor is left open then. TLPI 63.4.1, 63.4.2.
 */
int epoll_watch(const int fds[], int n);

/*
 * wait_epoll - by epoll_wait(2) on what epoll_watch returned; max, 1 or more:
 * the room in ready. If more are ready, the others come next time.
 * TLPI 63.4.3.
 */
int wait_epoll(int epoll, int ready[], int max, int timeout_ms);

#endif
