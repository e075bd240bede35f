/* One event per epoll_wait: there is never a stale one. All timers together
 * have one timerfd, which epoll reports like everything else. */
#include "reactor.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

struct entry {
    LIST_ENTRY(entry) link;
    int fd;
    reactor_fn *fn;
    void *arg;
};

struct timer {
    LIST_ENTRY(timer) link;
    int id;
    struct timespec at;
    reactor_timer_fn *fn;
    void *arg;
};

struct reactor {
    int epoll, clock, ids;
    bool running;
    LIST_HEAD(, entry) entries;
    LIST_HEAD(, timer) timers;
};

struct reactor *reactor_new(void)
{
    struct reactor *r = calloc(1, sizeof(*r));
    struct epoll_event event = {.events = EPOLLIN};

    if (r == NULL)
        return NULL;
    r->epoll = epoll_create1(EPOLL_CLOEXEC);
    r->clock = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    event.data.fd = r->clock;
    if (r->epoll != -1 && r->clock != -1 &&
        epoll_ctl(r->epoll, EPOLL_CTL_ADD, r->clock, &event) == 0)
        return r;
    reactor_free(r);
    return NULL;
}

void reactor_free(struct reactor *r)
{
    struct entry *e;
    struct timer *t;

    if (r == NULL)
        return;
    while ((e = LIST_FIRST(&r->entries)) != NULL) {
        LIST_REMOVE(e, link);
        free(e);
    }
    while ((t = LIST_FIRST(&r->timers)) != NULL) {
        LIST_REMOVE(t, link);
        free(t);
    }
    if (r->epoll != -1)
        close(r->epoll);
    if (r->clock != -1)
        close(r->clock);
    free(r);
}

static struct entry *entry_of(struct reactor *r, int fd)
{
    struct entry *e;

    LIST_FOREACH(e, &r->entries, link)
    if (e->fd == fd)
        return e;
    errno = ENOENT;
    return NULL;
}

int reactor_add(struct reactor *r, int fd, uint32_t events, reactor_fn *fn,
                void *arg)
{
    struct epoll_event event = {.events = events, .data.fd = fd};
    struct entry *e = malloc(sizeof(*e));

    if (e == NULL || epoll_ctl(r->epoll, EPOLL_CTL_ADD, fd, &event) == -1) {
        free(e);
        return -1;
    }
    e->fd = fd;
    e->fn = fn;
    e->arg = arg;
    LIST_INSERT_HEAD(&r->entries, e, link);
    return 0;
}

int reactor_modify(struct reactor *r, int fd, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.fd = fd};

    return entry_of(r, fd) == NULL
               ? -1
               : epoll_ctl(r->epoll, EPOLL_CTL_MOD, fd, &event);
}

int reactor_remove(struct reactor *r, int fd)
{
    struct entry *e = entry_of(r, fd);

    if (e == NULL)
        return -1;
    LIST_REMOVE(e, link);
    free(e);
    return epoll_ctl(r->epoll, EPOLL_CTL_DEL, fd, NULL);
}

static bool before(struct timespec a, struct timespec b)
{
    return a.tv_sec != b.tv_sec ? a.tv_sec < b.tv_sec : a.tv_nsec < b.tv_nsec;
}

/* Sets the clock to the first timer; without one, it stands still. */
static void wind(struct reactor *r)
{
    struct itimerspec when = {{0, 0}, {0, 0}};

    if (!LIST_EMPTY(&r->timers))
        when.it_value = LIST_FIRST(&r->timers)->at;
    timerfd_settime(r->clock, TFD_TIMER_ABSTIME, &when, NULL);
}

static void insert(struct reactor *r, struct timer *new)
{
    struct timer *t, *last = NULL;

    LIST_FOREACH(t, &r->timers, link)
    if (!before(new->at, t->at))
        last = t;
    if (last == NULL)
        LIST_INSERT_HEAD(&r->timers, new, link);
    else
        LIST_INSERT_AFTER(last, new, link);
    wind(r);
}

int reactor_timer(struct reactor *r, int ms, reactor_timer_fn *fn, void *arg)
{
    struct timer *t;

    if (ms < 0)
        return errno = EINVAL, -1;
    t = malloc(sizeof(*t));
    if (t == NULL)
        return -1;
    clock_gettime(CLOCK_MONOTONIC, &t->at);
    t->at.tv_sec += ms / 1000;
    t->at.tv_nsec += ms % 1000 * 1000000;
    if (t->at.tv_nsec >= 1000000000) {
        t->at.tv_nsec -= 1000000000;
        t->at.tv_sec++;
    }
    t->id = ++r->ids;
    t->fn = fn;
    t->arg = arg;
    insert(r, t);
    return t->id;
}

int reactor_cancel(struct reactor *r, int timer)
{
    struct timer *t;

    LIST_FOREACH(t, &r->timers, link)
    if (t->id == timer)
        break;
    if (t == NULL)
        return errno = ENOENT, -1;
    LIST_REMOVE(t, link);
    free(t);
    wind(r);
    return 0;
}

/* The clock rang: calls the first timer, and only it. */
static int strike(struct reactor *r)
{
    struct timer *t = LIST_FIRST(&r->timers);
    uint64_t times;

    if (read(r->clock, &times, sizeof(times)) == -1 || t == NULL)
        return 0;
    LIST_REMOVE(t, link);
    wind(r);
    t->fn(r, t->arg);
    free(t);
    return 1;
}

int reactor_run_once(struct reactor *r, int timeout_ms)
{
    struct epoll_event event;
    struct entry *e;
    int n = epoll_wait(r->epoll, &event, 1, timeout_ms);

    if (n == -1)
        return errno == EINTR ? 0 : -1;
    if (n == 0)
        return 0;
    if (event.data.fd == r->clock)
        return strike(r);
    e = entry_of(r, event.data.fd);
    if (e == NULL)
        return 0;
    e->fn(r, e->fd, event.events, e->arg);
    return 1;
}

int reactor_run(struct reactor *r)
{
    r->running = true;
    while (r->running)
        if (reactor_run_once(r, -1) == -1)
            return -1;
    return 0;
}

void reactor_stop(struct reactor *r)
{
    r->running = false;
}
