/* Epoll carries pointers. What is removed during a round is only marked, and
 * buried when the round is over, so that no fetched event leads to freed
 * memory. Timers: an array without order, a clock of whole milliseconds. */
#include "reactor.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

struct watch {
    int fd;
    bool dead;
    reactor_fn *fn;
    void *arg;
    struct watch *next;
};

struct alarm {
    int id;
    long long at;
    reactor_timer_fn *fn;
    void *arg;
};

struct reactor {
    int ep;
    int stop;
    struct watch *living, *graves;
    struct alarm *alarms;
    int alarm_count, alarm_room, last_id;
};

static long long ms_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static void bury(struct watch **list)
{
    while (*list != NULL) {
        struct watch *w = *list;

        *list = w->next;
        free(w);
    }
}

struct reactor *reactor_new(void)
{
    struct reactor *r = calloc(1, sizeof(*r));

    if (r == NULL)
        return NULL;
    r->ep = epoll_create1(EPOLL_CLOEXEC);
    if (r->ep < 0) {
        free(r);
        return NULL;
    }
    return r;
}

void reactor_free(struct reactor *r)
{
    if (r == NULL)
        return;
    bury(&r->living);
    bury(&r->graves);
    free(r->alarms);
    close(r->ep);
    free(r);
}

static struct watch **find(struct reactor *r, int fd)
{
    struct watch **w = &r->living;

    while (*w != NULL && (*w)->fd != fd)
        w = &(*w)->next;
    if (*w == NULL)
        errno = ENOENT;
    return w;
}

int reactor_add(struct reactor *r, int fd, uint32_t events, reactor_fn *fn,
                void *arg)
{
    struct epoll_event e = {.events = events};
    struct watch *w;

    if (*find(r, fd) != NULL) {
        errno = EEXIST;
        return -1;
    }
    w = malloc(sizeof(*w));
    if (w == NULL)
        return -1;
    *w = (struct watch){fd, false, fn, arg, r->living};
    e.data.ptr = w;
    if (epoll_ctl(r->ep, EPOLL_CTL_ADD, fd, &e) < 0) {
        free(w);
        return -1;
    }
    r->living = w;
    return 0;
}

int reactor_modify(struct reactor *r, int fd, uint32_t events)
{
    struct watch *w = *find(r, fd);
    struct epoll_event e = {.events = events, .data.ptr = w};

    if (w == NULL)
        return -1;
    return epoll_ctl(r->ep, EPOLL_CTL_MOD, fd, &e);
}

int reactor_remove(struct reactor *r, int fd)
{
    struct watch **place = find(r, fd), *w = *place;

    if (w == NULL)
        return -1;
    epoll_ctl(r->ep, EPOLL_CTL_DEL, fd, NULL);
    *place = w->next;
    w->dead = true;
    w->next = r->graves;
    r->graves = w;
    return 0;
}

int reactor_timer(struct reactor *r, int ms, reactor_timer_fn *fn, void *arg)
{
    struct alarm *grown;

    if (ms < 0) {
        errno = EINVAL;
        return -1;
    }
    if (r->alarm_count == r->alarm_room) {
        r->alarm_room = r->alarm_room * 2 + 4;
        grown =
            realloc(r->alarms, (size_t)r->alarm_room * sizeof(struct alarm));
        if (grown == NULL)
            return -1;
        r->alarms = grown;
    }
    r->alarms[r->alarm_count++] =
        (struct alarm){++r->last_id, ms_now() + ms, fn, arg};
    return r->last_id;
}

int reactor_cancel(struct reactor *r, int timer)
{
    for (int i = 0; i < r->alarm_count; i++) {
        if (r->alarms[i].id == timer) {
            r->alarms[i] = r->alarms[--r->alarm_count];
            return 0;
        }
    }
    errno = ENOENT;
    return -1;
}

/* The timer that is due first, and of those the oldest; NULL if none. */
static struct alarm *earliest(struct reactor *r)
{
    struct alarm *best = NULL;

    for (struct alarm *a = r->alarms; a < r->alarms + r->alarm_count; a++)
        if (best == NULL || a->at < best->at ||
            (a->at == best->at && a->id < best->id))
            best = a;
    return best;
}

static int ring_alarms(struct reactor *r)
{
    long long now = ms_now();
    int last = r->last_id, rung = 0;
    struct alarm *a, copy;

    while ((a = earliest(r)) != NULL && a->at <= now && a->id <= last) {
        copy = *a;
        reactor_cancel(r, copy.id);
        copy.fn(r, copy.arg);
        rung++;
    }
    return rung;
}

int reactor_run_once(struct reactor *r, int timeout_ms)
{
    struct epoll_event got[16];
    struct alarm *a = earliest(r);
    long long left = a == NULL ? -1 : a->at - ms_now();
    int n, calls = 0;

    if (a != NULL && left < 0)
        left = 0;
    if (a != NULL && (timeout_ms < 0 || left < timeout_ms))
        timeout_ms = (int)left;
    n = epoll_wait(r->ep, got, 16, timeout_ms);
    if (n < 0 && errno != EINTR)
        return -1;
    while (n-- > 0) { /* the last first: no order is promised */
        struct watch *w = got[n].data.ptr;

        if (w->dead)
            continue;
        w->fn(r, w->fd, got[n].events, w->arg);
        calls++;
    }
    calls += ring_alarms(r);
    bury(&r->graves);
    return calls;
}

int reactor_run(struct reactor *r)
{
    for (r->stop = 0; !r->stop;)
        if (reactor_run_once(r, -1) < 0)
            return -1;
    return 0;
}

void reactor_stop(struct reactor *r)
{
    r->stop = 1;
}
