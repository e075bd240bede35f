/*
 * reactor.h - drill `reactor`: a small event loop over epoll
 *
 * A reactor knows descriptors and timers, and a function for each of them. It
 * waits for all of them at once and calls the functions of those that are due.
 * One thread only. You write most of reactor.c; nothing in here prints or
 * exits.
 *
 *     static void on_input(struct reactor *r, int fd, uint32_t events,
 *                          void *arg);
 *     ...
 *     struct reactor *r = reactor_new();
 *     reactor_add(r, fd, EPOLLIN, on_input, conn);
 *     reactor_run(r);
 *     reactor_free(r);
 *
 * The hard part: one epoll_wait(2) returns several events, and the function
 * for the first can remove, close and free what the others are about. So:
 *
 *   - Inside of a function everything is allowed but reactor_free,
 *     reactor_run and reactor_run_once: it may add, modify and remove any
 *     descriptor, its own too, close it, free its arg, and add it again.
 *   - When reactor_remove or reactor_cancel has returned, the function that
 *     was registered is not called any more, nor its arg looked at, even if
 *     its event was fetched already.
 *   - A new descriptor often gets the number that was closed a moment ago.
 *     Events that were meant for the old one are not delivered to the new one.
 *
 * see also: epoll(7), epoll_ctl(2), epoll_wait(2), clock_gettime(2); TLPI 63.4
 */
#ifndef REACTOR_H
#define REACTOR_H

#include <stdint.h>
#include <sys/epoll.h>

struct reactor;

/* Called for a descriptor. events: what epoll_wait reported, EPOLLIN ... */
typedef void reactor_fn(struct reactor *r, int fd, uint32_t events, void *arg);

/* Called for a timer. */
typedef void reactor_timer_fn(struct reactor *r, void *arg);

/* reactor_new - given. NULL with the errno of epoll_create1(2) or malloc(3). */
struct reactor *reactor_new(void);

/* reactor_free - given. Forgets all descriptors and timers, calls none of
 * their functions and closes none of the descriptors. NULL: does nothing. */
void reactor_free(struct reactor *r);

/*
 * reactor_add - from now on fn is called with arg when fd is ready.
 *
 * events: EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLET ... as for epoll_ctl(2);
 * EPOLLERR and EPOLLHUP are always reported. Any number of descriptors, of any
 * size, can be added. A descriptor is removed before it is closed.
 *
 * Returns 0, or -1: EEXIST if fd is registered (nothing changes then), ENOMEM,
 * or another errno of epoll_ctl(2), such as EPERM for a regular file; fd is
 * then not registered.
 */
int reactor_add(struct reactor *r, int fd, uint32_t events, reactor_fn *fn,
                void *arg);

/*
 * reactor_modify - wait for other events on fd; fn and arg stay.
 *
 * Returns 0, or -1: ENOENT if fd is not registered, or an errno of
 * epoll_ctl(2).
 */
int reactor_modify(struct reactor *r, int fd, uint32_t events);

/*
 * reactor_remove - forget fd, which stays open.
 *
 * Returns 0, or -1: ENOENT if fd is not registered.
 */
int reactor_remove(struct reactor *r, int fd);

/*
 * reactor_timer - call fn with arg once, ms milliseconds (0 or more) from now.
 *
 * Measured on CLOCK_MONOTONIC, which nobody can set back; never early (a clock
 * read in whole milliseconds may be 1 ms off). Timers that are due at the same
 * time are called in the order of their due times, and a timer that is added
 * by a timer's function is not called in the same reactor_run_once: so one
 * with ms 0 cannot keep the reactor from its descriptors.
 *
 * Returns the timer's number, above 0 and not used before; -1: EINVAL if ms is
 * negative, ENOMEM.
 */
int reactor_timer(struct reactor *r, int ms, reactor_timer_fn *fn, void *arg);

/*
 * reactor_cancel - forget a timer.
 *
 * Returns 0, or -1: ENOENT if there is no such timer, for instance because its
 * function was called already.
 */
int reactor_cancel(struct reactor *r, int timer);

/*
 * reactor_run_once - wait once, then call the functions that are due.
 *
 * timeout_ms: the longest time to wait; 0: do not wait; -1: no limit. A timer
 * ends the wait earlier. Calls at least one function if a descriptor is ready
 * or a timer due; those that are left over come next time.
 *
 * Returns how many functions were called (0: the time is over, or a signal
 * handler ran, or all events were for descriptors that are gone); -1 with the
 * errno of epoll_wait(2). EINTR is no error.
 */
int reactor_run_once(struct reactor *r, int timeout_ms);

/* reactor_run - given: reactor_run_once until reactor_stop.
 * Returns 0, or -1 as reactor_run_once. */
int reactor_run(struct reactor *r);

/* reactor_stop - given: lets reactor_run return after the present round. */
void reactor_stop(struct reactor *r);

#endif
