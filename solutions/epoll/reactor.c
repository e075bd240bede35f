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

/* What is registered for a descriptor; fn is NULL if nothing is. Epoll carries
 * the number of the registration along with the descriptor: an event with
 * another number is about a registration that is gone, and is dropped. So
 * removal is immediate, and nothing has to be put off. */
struct handler {
    reactor_fn *fn;
    void *arg;
    uint32_t number; /* of this registration; no two have the same */
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

/* Makes room for handlers[fd]; what is new is zero: nothing registered. */
static int reserve(struct reactor *r, int fd)
{
    int size = fd + fd / 2 + 16;
    struct handler *grown;

    if (fd < r->size)
        return 0;
    grown = reallocarray(r->handlers, (size_t)size, sizeof(*grown));
    if (grown == NULL)
        return -1;
    memset(grown + r->size, 0, (size_t)(size - r->size) * sizeof(*grown));
    r->handlers = grown;
    r->size = size;
    return 0;
}

static struct handler *registered(struct reactor *r, int fd)
{
    if (fd >= 0 && fd < r->size && r->handlers[fd].fn != NULL)
        return &r->handlers[fd];
    errno = ENOENT;
    return NULL;
}

static int control(struct reactor *r, int op, int fd, uint32_t events,
                   uint32_t number)
{
    uint64_t data = (uint64_t)number << 32 | (uint32_t)fd;
    struct epoll_event event = {.events = events, .data.u64 = data};

    return epoll_ctl(r->epoll, op, fd, &event);
}

int reactor_add(struct reactor *r, int fd, uint32_t events, reactor_fn *fn,
                void *arg)
{
    uint32_t number = (uint32_t)++r->last_number;

    if (control(r, EPOLL_CTL_ADD, fd, events, number) == -1)
        return -1;
    if (reserve(r, fd) == -1) {
        control(r, EPOLL_CTL_DEL, fd, 0, 0);
        errno = ENOMEM;
        return -1;
    }
    r->handlers[fd] = (struct handler){fn, arg, number};
    return 0;
}

int reactor_modify(struct reactor *r, int fd, uint32_t events)
{
    const struct handler *h = registered(r, fd);

    return h == NULL ? -1 : control(r, EPOLL_CTL_MOD, fd, events, h->number);
}

int reactor_remove(struct reactor *r, int fd)
{
    struct handler *h = registered(r, fd);

    if (h == NULL)
        return -1;
    h->fn = NULL;
    return control(r, EPOLL_CTL_DEL, fd, 0, 0);
}

static int64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int reactor_timer(struct reactor *r, int ms, reactor_timer_fn *fn, void *arg)
{
    struct timer **place = &r->timers, *t;
    int64_t due;

    if (ms < 0) {
        errno = EINVAL;
        return -1;
    }
    if ((t = malloc(sizeof(*t))) == NULL)
        return -1;
    due = now_ns() + ms * INT64_C(1000000);
    while (*place != NULL && (*place)->due <= due)
        place = &(*place)->next;
    *t = (struct timer){++r->last_number, due, fn, arg, *place};
    *place = t;
    return t->number;
}

int reactor_cancel(struct reactor *r, int timer)
{
    struct timer **place, *t;

    for (place = &r->timers; (t = *place) != NULL; place = &t->next) {
        if (t->number == timer) {
            *place = t->next;
            free(t);
            return 0;
        }
    }
    errno = ENOENT;
    return -1;
}

/* How long epoll_wait may wait. Rounded up: rounded down, the last part of a
 * millisecond would be spent spinning. */
static int wait_ms(const struct reactor *r, int timeout_ms)
{
    int64_t left, now = now_ns();

    if (r->timers == NULL)
        return timeout_ms;
    left = r->timers->due < now ? 0 : (r->timers->due - now) / 1000000 + 1;
    return timeout_ms < 0 || left < timeout_ms ? (int)left : timeout_ms;
}

static int deliver(struct reactor *r, const struct epoll_event *event)
{
    int fd = (int)(uint32_t)event->data.u64;
    const struct handler *h = registered(r, fd);

    if (h == NULL || h->number != event->data.u64 >> 32)
        return 0;
    h->fn(r, fd, event->events, h->arg); /* h may be gone after this */
    return 1;
}

/* Calls the timers that are due. One that is added meanwhile is due now or
 * later, never before: it waits for the next round. */
static int expire(struct reactor *r)
{
    int64_t now = now_ns();
    struct timer *t;
    int calls = 0;

    for (; (t = r->timers) != NULL && t->due < now; calls++) {
        r->timers = t->next;
        t->fn(r, t->arg);
        free(t);
    }
    return calls;
}

int reactor_run_once(struct reactor *r, int timeout_ms)
{
    struct epoll_event events[BATCH];
    int n = epoll_wait(r->epoll, events, BATCH, wait_ms(r, timeout_ms));
    int calls = 0;

    if (n == -1 && errno != EINTR)
        return -1;
    for (int i = 0; i < n; i++)
        calls += deliver(r, &events[i]);
    return calls + expire(r);
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
