/*
 * reactor.c - drill `reactor`: a small event loop over epoll
 *
 * see also: reactor.h (the contract), epoll(7), epoll_ctl(2), epoll_wait(2)
 */
#include "reactor.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64 }; /* events fetched by one epoll_wait */

/* TODO(reactor): what is registered for a descriptor; fn is NULL if nothing
 * is. Does this suffice to tell whom an event was meant for? */
struct handler {
    reactor_fn *fn;
    void *arg;
};

struct timer {
    int number;
    int64_t due; /* ns on CLOCK_MONOTONIC */
    reactor_timer_fn *fn;
    void *arg;
    struct timer *next;
};

struct reactor {
    int epoll;
    bool stopped;
    struct handler *handlers; /* by descriptor: may move when one is added */
    int size;                 /* of handlers */
    struct timer *timers;     /* the earliest first */
    int last_number;          /* the last one given out: no two are the same */
};

struct reactor *reactor_new(void)
{
    struct reactor *r = calloc(1, sizeof(*r));

    if (r != NULL && (r->epoll = epoll_create1(EPOLL_CLOEXEC)) == -1) {
        free(r);
        r = NULL;
    }
    return r;
}

void reactor_free(struct reactor *r)
{
    struct timer *t, *next;

    if (r == NULL)
        return;
    for (t = r->timers; t != NULL; t = next) {
        next = t->next;
        free(t);
    }
    close(r->epoll);
    free(r->handlers);
    free(r);
}

/*
 * TODO(reactor): reactor_add. epoll_ctl(2), EPOLL_CTL_ADD; what is registered
 * for fd goes into handlers[fd] (make it grow first). What do you give epoll
 * along (data.u64 has room for two numbers), so that an event can be told
 * from one that was meant for a former owner of fd?
 */
int reactor_add(struct reactor *r, int fd, uint32_t events, reactor_fn *fn,
                void *arg)
{
    (void)r, (void)fd, (void)events, (void)fn, (void)arg;
    errno = ENOSYS;
    return -1;
}

/*
 * TODO(reactor): reactor_modify. EPOLL_CTL_MOD replaces all of the event.
 */
int reactor_modify(struct reactor *r, int fd, uint32_t events)
{
    (void)r, (void)fd, (void)events;
    errno = ENOSYS;
    return -1;
}

/*
 * TODO(reactor): reactor_remove. EPOLL_CTL_DEL, and nothing is registered.
 */
int reactor_remove(struct reactor *r, int fd)
{
    (void)r, (void)fd;
    errno = ENOSYS;
    return -1;
}

/*
 * TODO(reactor): reactor_timer. A list, the earliest first, makes the rest
 * easy; clock_gettime(2).
 */
int reactor_timer(struct reactor *r, int ms, reactor_timer_fn *fn, void *arg)
{
    (void)r, (void)ms, (void)fn, (void)arg;
    errno = ENOSYS;
    return -1;
}

/*
 * TODO(reactor): reactor_cancel.
 */
int reactor_cancel(struct reactor *r, int timer)
{
    (void)r, (void)timer;
    errno = ENOSYS;
    return -1;
}

/*
 * TODO(reactor): reactor_run_once. How long may epoll_wait(2) wait, with
 * timers? For each event: is it still for whoever is registered now? Then the
 * timers that are due: take each out of the list before you call it.
 */
int reactor_run_once(struct reactor *r, int timeout_ms)
{
    (void)r, (void)timeout_ms;
    errno = ENOSYS;
    return -1;
}

int reactor_run(struct reactor *r)
{
    r->stopped = false;
    while (!r->stopped)
        if (reactor_run_once(r, -1) == -1)
            return -1;
    return 0;
}

void reactor_stop(struct reactor *r)
{
    r->stopped = true;
}
