/*
 * unit_reactor.c - Criterion tests of drill `reactor`
 *
 * The comment before a test is the sentence that the student reads. Every
 * registration has a probe as its arg, which counts its calls and can do
 * something in them. A call for a probe that is retired is counted, and not
 * followed: so the plain build sees it as well as the sanitizer.
 *
 * see also: labs/epoll/reactor.h (the contract), unit.h
 */
#include "unit.h"

#include "reactor.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define reactor_new() TESTED(reactor_new())
#define reactor_free(r) TESTED_VOID(reactor_free(r))
#define reactor_add(...) TESTED(reactor_add(__VA_ARGS__))
#define reactor_modify(...) TESTED(reactor_modify(__VA_ARGS__))
#define reactor_remove(...) TESTED(reactor_remove(__VA_ARGS__))
#define reactor_timer(...) TESTED(reactor_timer(__VA_ARGS__))
#define reactor_cancel(...) TESTED(reactor_cancel(__VA_ARGS__))
#define reactor_run_once(...) TESTED(reactor_run_once(__VA_ARGS__))

enum {
    MANY = 100,    /* descriptors that are ready at once */
    FEW = 10,      /* the same, where each of them can be the first */
    HIGH_FD = 300, /* a number above those that are open otherwise */
    ROUNDS = 200,  /* rounds after which a reactor counts as endless */
    LONG_MS = 999  /* ends a wait that nothing else ends */
};

TestSuite(reactor, .timeout = TEST_SECONDS);

struct probe {
    int fd;          /* that it was registered for */
    int calls;       /* of its function */
    uint32_t events; /* of the last call */
    bool wrong_fd;   /* it was called with another number */
    void (*act)(struct reactor *r, struct probe *self);
};

static struct probe *alive[MANY + 1]; /* those that may be called */
static int late_calls;                /* for others */
static int failed_calls;              /* of the reactor, inside of functions */

static struct probe *new_probe(int fd,
                               void (*act)(struct reactor *, struct probe *))
{
    struct probe *p = calloc(1, sizeof(*p));
    int i = 0;

    NEED(p != NULL, "memory");
    p->fd = fd;
    p->act = act;
    while (alive[i] != NULL)
        i++;
    alive[i] = p;
    return p;
}

static bool is_alive(const void *arg)
{
    for (int i = 0; i <= MANY; i++)
        if (arg != NULL && alive[i] == arg)
            return true;
    return false;
}

static void retire(struct probe *p)
{
    for (int i = 0; i <= MANY; i++)
        if (alive[i] == p)
            alive[i] = NULL;
    free(p);
}

static void retire_all(void)
{
    for (int i = 0; i <= MANY; i++)
        retire(alive[i]);
}

static void on_event(struct reactor *r, int fd, uint32_t events, void *arg)
{
    struct probe *p = arg;

    if (!is_alive(arg)) {
        late_calls++;
        return;
    }
    p->calls++;
    p->events = events;
    p->wrong_fd |= fd != p->fd;
    if (p->act != NULL)
        p->act(r, p);
}

/* Takes the event away: the descriptor is not ready any more. */
static void act_read(struct reactor *r, struct probe *self)
{
    uint64_t value;

    (void)r;
    failed_calls += read(self->fd, &value, sizeof(value)) <= 0;
}

/* An eventfd: readable while its value is not 0. */
static int event_fd(int value)
{
    int fd = eventfd((unsigned)value, EFD_CLOEXEC | EFD_NONBLOCK);

    NEED(fd != -1, "an eventfd");
    return fd;
}

static void make_ready(int fd)
{
    uint64_t one = 1;

    NEED(write(fd, &one, sizeof(one)) == sizeof(one), "a write");
}

static struct reactor *new_reactor(void)
{
    struct reactor *r = reactor_new();

    CHECK(r != NULL, "a reactor from reactor_new", "NULL (%s)",
          error_name(errno));
    return r;
}

#define CHECK_OK(call)                                               \
    do {                                                             \
        int result_;                                                 \
                                                                     \
        errno = 0;                                                   \
        result_ = (call);                                            \
        CHECK(result_ >= 0, "success of " #call, "%d (%s)", result_, \
              error_name(errno));                                    \
    } while (0)

#define CHECK_ERROR(call, error)                                         \
    do {                                                                 \
        int result_;                                                     \
                                                                         \
        errno = 0;                                                       \
        result_ = (call);                                                \
        CHECK(result_ == -1 && errno == (error), "-1 (%s) from " #call,  \
              "%d (%s)", error_name(error), result_, error_name(errno)); \
    } while (0)

#define CHECK_CALLS(probe, want, when)                            \
    CHECK((probe)->calls == (want), "%d calls " when, "%d", want, \
          (probe)->calls)

/* Lets the reactor run without waiting until there is nothing to do. Returns
 * how many functions were called, -1 for an error. */
static int run_idle(struct reactor *r)
{
    int sum = 0, n = 1;

    for (int i = 0; i < ROUNDS && n > 0; i++) {
        n = reactor_run_once(r, 0);
        sum = n == -1 ? -1 : sum + n;
    }
    return sum;
}

/* reactor_run_once calls the function of every descriptor that is ready, with
 * its number, events and arg, and no other; add, modify and remove decide. */
Test(reactor, dispatch)
{
    struct reactor *r = new_reactor();
    struct probe *p, *many[MANY];
    int fd = event_fd(0), high, once = 0, right = 0;

    p = new_probe(fd, NULL);
    CHECK_OK(reactor_add(r, fd, EPOLLIN, on_event, p));
    CHECK(reactor_run_once(r, 0) == 0 && p->calls == 0,
          "no call while nothing is ready", "%d calls", p->calls);
    make_ready(fd);
    CHECK(reactor_run_once(r, LONG_MS) == 1, "1 function called",
          "another result of reactor_run_once");
    CHECK(p->calls == 1 && !p->wrong_fd && p->events == EPOLLIN,
          "1 call with descriptor %d, events %#x, and the arg of reactor_add",
          "%d calls%s, events %#x, %d with another arg", fd, EPOLLIN, p->calls,
          p->wrong_fd ? ", wrong descriptor" : "", p->events, late_calls);
    CHECK_OK(reactor_modify(r, fd, EPOLLOUT));
    reactor_run_once(r, LONG_MS);
    CHECK(p->calls == 2 && p->events == EPOLLOUT && late_calls == 0,
          "after reactor_modify 1 call with events %#x, same function and arg",
          "%d calls, events %#x, %d with another arg", EPOLLOUT, p->calls - 1,
          p->events, late_calls);
    CHECK_OK(reactor_remove(r, fd));
    CHECK(reactor_run_once(r, 0) == 0 && p->calls == 2,
          "no call after reactor_remove", "%d calls", p->calls - 2);
    CHECK(fcntl(fd, F_GETFD) != -1, "reactor_remove leaves it open", "closed");
    retire(p);

    high = fcntl(fd, F_DUPFD_CLOEXEC, HIGH_FD);
    NEED(high != -1, "a descriptor number of 300");
    p = new_probe(high, act_read);
    CHECK_OK(reactor_add(r, high, EPOLLIN, on_event, p));
    run_idle(r);
    CHECK_CALLS(p, 1, "for a descriptor with a high number");
    retire(p);

    for (int i = 0; i < MANY; i++) {
        many[i] = new_probe(event_fd(1), act_read);
        right += reactor_add(r, many[i]->fd, EPOLLIN, on_event, many[i]) == 0;
    }
    CHECK(right == MANY, "%d descriptors added", "%d added", MANY, right);
    CHECK(run_idle(r) == MANY, "%d functions called when all are ready",
          "another sum of the results of reactor_run_once", MANY);
    for (int i = 0; i < MANY; i++)
        once += many[i]->calls == 1 && !many[i]->wrong_fd;
    CHECK(once == MANY, "each of %d called once", "%d were called once", MANY,
          once);
    reactor_free(r);
    retire_all();
}

static void no_action(int sig)
{
    (void)sig;
}

/* Mistakes are refused with their errno and change nothing, and a signal that
 * interrupts the wait is no error. */
Test(reactor, errors)
{
    struct reactor *r = new_reactor();
    int fd = event_fd(0), other = event_fd(0), file, n, error;
    struct probe *p = new_probe(fd, NULL), *wrong = new_probe(fd, NULL);

    file = memfd_create("file", MFD_CLOEXEC);
    NEED(file != -1, "a memfd");
    CHECK_ERROR(reactor_modify(r, other, EPOLLIN), ENOENT);
    CHECK_ERROR(reactor_remove(r, other), ENOENT);
    CHECK_ERROR(reactor_remove(r, 100000), ENOENT);
    CHECK_ERROR(reactor_add(r, -1, EPOLLIN, on_event, wrong), EBADF);
    CHECK_OK(reactor_add(r, fd, EPOLLIN, on_event, p));
    CHECK_ERROR(reactor_add(r, fd, EPOLLIN, on_event, wrong), EEXIST);
    make_ready(fd);
    reactor_run_once(r, 0);
    CHECK(p->calls == 1 && wrong->calls == 0,
          "the first registration stays when a second one is refused",
          "%d calls of the first, %d of the second", p->calls, wrong->calls);
    CHECK_ERROR(reactor_add(r, file, EPOLLIN, on_event, wrong), EPERM);
    CHECK_ERROR(reactor_remove(r, file), ENOENT);
    CHECK_OK(reactor_remove(r, fd));
    CHECK_ERROR(reactor_remove(r, fd), ENOENT);
    CHECK_OK(reactor_add(r, fd, EPOLLIN, on_event, p));
    CHECK_OK(reactor_remove(r, fd));

    alarm_every(1000, no_action, 0);
    errno = 0;
    n = reactor_run_once(r, 10);
    error = errno;
    alarm_off();
    CHECK(n == 0, "0 from a wait that signals interrupt", "%d (%s)", n,
          error_name(error));
    reactor_free(r);
    retire_all();
}

static void act_leave(struct reactor *r, struct probe *self)
{
    failed_calls += reactor_remove(r, self->fd) == -1;
    failed_calls += close(self->fd) == -1;
    retire(self);
}

static struct probe *successor;

/* Leaves; a new descriptor gets the number and is registered at once. So is
 * one with a high number, for which a table has to grow. */
static void act_succeed(struct reactor *r, struct probe *self)
{
    int fd = self->fd, fresh = event_fd(0), high;

    failed_calls += reactor_remove(r, fd) == -1;
    failed_calls += dup2(fresh, fd) != fd; /* closes the old fd */
    close(fresh);
    retire(self);
    successor = new_probe(fd, act_read);
    failed_calls += reactor_add(r, fd, EPOLLIN, on_event, successor) == -1;
    high = fcntl(fd, F_DUPFD_CLOEXEC, HIGH_FD);
    failed_calls += reactor_add(r, high, 0, on_event, successor) == -1;
}

/* Hands its descriptor, which is still ready, to somebody else. */
static void act_hand_over(struct reactor *r, struct probe *self)
{
    int fd = self->fd;

    failed_calls += reactor_remove(r, fd) == -1;
    retire(self);
    successor = new_probe(fd, act_read);
    failed_calls += reactor_add(r, fd, EPOLLIN, on_event, successor) == -1;
}

/* Inside of its own function a descriptor can be removed and closed, and its
 * number registered again, at once. */
Test(reactor, remove_self)
{
    struct reactor *r = new_reactor();
    int fd = event_fd(1), n;

    CHECK_OK(reactor_add(r, fd, EPOLLIN, on_event, new_probe(fd, act_leave)));
    n = reactor_run_once(r, LONG_MS);
    CHECK(n == 1 && failed_calls == 0,
          "1 call, in which reactor_remove and close succeed",
          "result %d, %d failed", n, failed_calls);
    n = run_idle(r);
    CHECK(n == 0 && late_calls == 0, "no further call", "%d (%d of them late)",
          n, late_calls);

    fd = event_fd(1);
    CHECK_OK(reactor_add(r, fd, EPOLLIN, on_event, new_probe(fd, act_succeed)));
    n = reactor_run_once(r, LONG_MS);
    CHECK(n == 1 && failed_calls == 0,
          "1 call, in which the number is removed and registered anew",
          "result %d, %d calls in it failed", n, failed_calls);
    CHECK(run_idle(r) == 0 && successor->calls == 0,
          "no call of the new owner, which is not ready", "%d calls",
          successor->calls);
    make_ready(fd);
    CHECK(run_idle(r) == 1 && successor->calls == 1 && late_calls == 0,
          "1 call of the new owner when it is ready",
          "%d calls, %d for the old owner", successor->calls, late_calls);

    fd = event_fd(1);
    CHECK_OK(
        reactor_add(r, fd, EPOLLIN, on_event, new_probe(fd, act_hand_over)));
    n = run_idle(r);
    CHECK(
        n == 2 && successor->calls == 1 && failed_calls == 0,
        "1 call that removes and adds the descriptor, then 1 of its successor",
        "%d calls, %d of the successor, %d failures inside", n,
        successor->calls, failed_calls);
    reactor_free(r);
    retire_all();
}

/* The first one that is called removes, closes and frees all others. */
static void act_remove_others(struct reactor *r, struct probe *self)
{
    for (int i = 0; i <= MANY; i++)
        if (alive[i] != NULL && alive[i] != self)
            act_leave(r, alive[i]);
    act_read(r, self);
}

static struct reactor *ready_reactor(void (*act)(struct reactor *,
                                                 struct probe *))
{
    struct reactor *r = new_reactor();
    struct probe *p;

    for (int i = 0; i < FEW; i++) {
        p = new_probe(event_fd(1), act);
        CHECK_OK(reactor_add(r, p->fd, EPOLLIN, on_event, p));
    }
    return r;
}

/* A function can remove, close and free other descriptors whose events were
 * fetched already: their functions are not called any more. */
Test(reactor, remove_other)
{
    struct reactor *r = ready_reactor(act_remove_others);
    int n = run_idle(r);

    CHECK(failed_calls == 0, "every remove and close in the function succeeds",
          "%d fail", failed_calls);
    CHECK(late_calls == 0,
          "no call for the %d that were ready and have been removed",
          "%d calls, with an arg that was freed", FEW - 1, late_calls);
    CHECK(n == 1, "1 function called in all", "%d", n);
    reactor_free(r);
    retire_all();
}

static struct probe *heirs[FEW];

/* The first one that is called closes all others and gives their numbers to
 * new ones, which are not ready. */
static void act_replace_others(struct reactor *r, struct probe *self)
{
    struct probe *old[FEW] = {0};
    int heir = 0, fd, fresh;

    for (int i = 0, n = 0; i <= MANY; i++)
        if (alive[i] != NULL && alive[i] != self)
            old[n++] = alive[i];
    for (int i = 0; old[i] != NULL; i++) {
        fd = old[i]->fd;
        act_leave(r, old[i]);
        fresh = event_fd(0);
        if (fresh != fd) {
            failed_calls += dup2(fresh, fd) != fd;
            close(fresh);
        }
        heirs[heir] = new_probe(fd, act_read);
        failed_calls += reactor_add(r, fd, EPOLLIN | EPOLLET, on_event,
                                    heirs[heir++]) == -1;
    }
    act_read(r, self);
}

/* Events of descriptors that were closed are not delivered to those that got
 * their numbers next; these get their own. */
Test(reactor, stale)
{
    struct reactor *r = ready_reactor(act_replace_others);
    int n = run_idle(r), sum = 0, once = 0;

    for (int i = 0; i < FEW - 1; i++)
        sum += heirs[i] == NULL ? 0 : heirs[i]->calls;
    CHECK(sum == 0 && late_calls == 0,
          "no call for %d new descriptors, none of which is ready",
          "%d calls for them, %d for their predecessors", FEW - 1, sum,
          late_calls);
    CHECK(n == 1 && failed_calls == 0,
          "1 function called in all, in which every call succeeds",
          "%d called, %d calls in it failed", n, failed_calls);
    for (int i = 0; i < FEW - 1; i++)
        make_ready(heirs[i]->fd);
    run_idle(r);
    for (int i = 0; i < FEW - 1; i++)
        once += heirs[i]->calls == 1;
    CHECK(once == FEW - 1, "each of %d new ones called once when it is ready",
          "%d were", FEW - 1, once);
    reactor_free(r);
    retire_all();
}

static int timer_log[8], timer_calls, victim, rescue_fd;
static volatile bool rescued;

/* arg: the number to write into the log. */
static void on_timer(struct reactor *r, void *arg)
{
    (void)r;
    if (timer_calls < 8)
        timer_log[timer_calls] = *(int *)arg;
    timer_calls++;
}

static void on_timer_cancel(struct reactor *r, void *arg)
{
    failed_calls += reactor_cancel(r, victim) == -1;
    on_timer(r, arg);
}

/* Adds itself anew, though not for ever: a reactor that never gets past it
 * comes back to be judged. */
static void on_timer_again(struct reactor *r, void *arg)
{
    on_timer(r, arg);
    if (timer_calls < ROUNDS)
        failed_calls += reactor_timer(r, 0, on_timer_again, arg) <= 0;
}

/* A second after the start of a test, a descriptor becomes ready: a reactor
 * that forgot its timers while it waits comes back to be judged. */
static void rescue(int sig)
{
    uint64_t one = 1;
    int saved = errno;

    (void)sig;
    rescued = true;
    if (write(rescue_fd, &one, sizeof(one)) == -1)
        abort();
    errno = saved;
}

static struct reactor *rescued_reactor(void)
{
    struct reactor *r = new_reactor();

    rescue_fd = event_fd(0);
    CHECK_OK(reactor_add(r, rescue_fd, EPOLLIN, on_event,
                         new_probe(rescue_fd, act_read)));
    alarm_every(999999, rescue, SA_RESTART);
    return r;
}

static int label[] = {0, 1, 2, 3, 4};

/* Adds timers that are due after 3, 1 and 2 times ms, and one more that it
 * cancels. Their order is certain only if adding them takes no time to speak
 * of; else they are cancelled, and it begins anew. */
static void add_timers(struct reactor *r, int ms, int numbers[3])
{
    int64_t start;

    for (int i = 0; i < 100; i++) {
        start = now_us();
        numbers[2] = reactor_timer(r, 3 * ms, on_timer, &label[3]);
        numbers[0] = reactor_timer(r, ms, on_timer, &label[1]);
        numbers[1] = reactor_timer(r, 2 * ms, on_timer, &label[2]);
        victim = reactor_timer(r, 2 * ms, on_timer, &label[4]);
        failed_calls += reactor_cancel(r, victim) == -1;
        if (now_us() - start < ms * 500)
            return;
        for (int j = 0; j < 3; j++)
            reactor_cancel(r, numbers[j]);
    }
    NEED(false, "a moment without interruption");
}

/* Runs until so many timers were called. */
static void run_timers(struct reactor *r, int calls)
{
    for (int i = 0; i < ROUNDS && timer_calls < calls; i++)
        if (reactor_run_once(r, -1) == -1)
            break;
}

static void check_timer_order(void)
{
    struct reactor *r = rescued_reactor();
    int ms = (int)rnd(3, 5), n, fd = event_fd(1), number[3] = {0};
    struct probe *p = new_probe(fd, act_read);
    int64_t start;

    CHECK_ERROR(reactor_timer(r, -1, on_timer, label), EINVAL);
    CHECK_OK(reactor_timer(r, 3600 * 1000, on_timer, &label[4]));
    CHECK_OK(reactor_add(r, fd, EPOLLIN, on_event, p));
    reactor_run_once(r, -1);
    CHECK(p->calls == 1 && timer_calls == 0,
          "1 call of a descriptor that is ready, none of a timer in an hour",
          "%d and %d", p->calls, timer_calls);

    start = now_us();
    add_timers(r, ms, number);
    CHECK(number[0] > 0 && number[1] > 0 && number[2] > 0 &&
              number[0] != number[1] && number[1] != number[2] &&
              number[2] != number[0] && failed_calls == 0,
          "three different numbers above 0, and one timer cancelled",
          "%d, %d, %d, %d failures of reactor_cancel", number[0], number[1],
          number[2], failed_calls);
    n = reactor_run_once(r, -1);
    start = now_us() - start;
    CHECK(n >= 1 && timer_calls == n && !rescued,
          "a timer alone ends a wait without limit",
          "result %d, %d timers called%s", n, timer_calls,
          rescued ? ", after a second in which nothing happened" : "");
    CHECK(start >= (ms - 1) * 1000, "not before its %d ms", "after %d us", ms,
          (int)start);
    run_timers(r, 3);
    CHECK(timer_calls == 3 && timer_log[0] == 1 && timer_log[1] == 2 &&
              timer_log[2] == 3,
          "timers 1, 2, 3 in this order, each once", "%d calls: %d, %d, %d",
          timer_calls, timer_log[0], timer_log[1], timer_log[2]);
    CHECK(reactor_run_once(r, 0) == 0 && timer_calls == 3, "no second call",
          "%d calls", timer_calls);
    CHECK_ERROR(reactor_cancel(r, number[0]), ENOENT);
    CHECK_ERROR(reactor_cancel(r, victim), ENOENT);
    alarm_off();
    reactor_free(r);
    retire_all();
}

static void check_timer_calls(void)
{
    struct reactor *r = rescued_reactor();
    int fd = event_fd(1);
    struct probe *p = new_probe(fd, act_read);
    int64_t start;

    timer_calls = 0;
    CHECK_OK(reactor_timer(r, 0, on_timer_cancel, &label[1]));
    victim = reactor_timer(r, 1, on_timer, &label[4]);
    for (start = now_us(); now_us() < start + 2000;)
        ; /* both are due now */
    run_timers(r, 1);
    reactor_run_once(r, 0);
    CHECK(timer_calls == 1 && timer_log[0] == 1 && failed_calls == 0,
          "a timer that is due, but cancelled by another one, is not called",
          "%d timers called, %d failures of reactor_cancel", timer_calls,
          failed_calls);

    timer_calls = 0;
    CHECK_OK(reactor_timer(r, 0, on_timer_again, &label[1]));
    run_timers(r, 1);
    CHECK(timer_calls == 1, "1 call a round of a timer that adds itself anew",
          "%d calls in one reactor_run_once", timer_calls);
    CHECK_OK(reactor_add(r, fd, EPOLLIN, on_event, p));
    for (int i = 0; i < 3; i++)
        reactor_run_once(r, -1);
    CHECK_CALLS(p, 1, "of a descriptor that is ready beside that timer");
    alarm_off();
    reactor_free(r);
    retire_all();
}

/* Timers are called once each, in the order of their times, never early, and
 * not at all when they are cancelled; one that adds itself anew leaves room for
 * descriptors. */
Test(reactor, timers)
{
    check_timer_order();
    check_timer_calls();
}

/* What these tests need of a machine. No code under test is called. */
Test(reactor, machine)
{
    int fd = event_fd(0);

    for (int i = 0; i < MANY; i++)
        new_probe(event_fd(1), NULL);
    make_ready(fd);
    NEED(fcntl(fd, F_DUPFD_CLOEXEC, HIGH_FD) != -1, "descriptor number 300");
    NEED(memfd_create("file", MFD_CLOEXEC) != -1, "a memfd");
    alarm_every(1000, no_action, 0);
    alarm_off();
}
