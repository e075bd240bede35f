/*
 * unit_muxbench.c - Criterion tests of drill `muxbench`
 *
 * The comment before a test is the sentence that the student reads. All three
 * waits are asked the same questions through one kind of function, over pipes
 * and sockets of which the test knows which are ready.
 *
 * see also: labs/epoll/muxbench.h (the contract), unit.h
 */
#include "unit.h"

#include "muxbench.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <unistd.h>

#define wait_select(...) TESTED(wait_select(__VA_ARGS__))
#define wait_poll(...) TESTED(wait_poll(__VA_ARGS__))
#define epoll_watch(...) TESTED(epoll_watch(__VA_ARGS__))
#define wait_epoll(...) TESTED(wait_epoll(__VA_ARGS__))

enum { MANY = 60, LONG_MS = 999, SPARE = 8, UNTOUCHED = -77 };

TestSuite(muxbench, .timeout = TEST_SECONDS);

/* What is waited for, in the form that each of the three likes. */
struct crowd {
    int fds[MANY];
    struct pollfd polls[MANY];
    int epoll;
    int n;
};

typedef int wait_fn(struct crowd *c, int ready[], int timeout_ms);

static int by_select(struct crowd *c, int ready[], int timeout_ms)
{
    return wait_select(c->fds, c->n, ready, timeout_ms);
}

static int by_poll(struct crowd *c, int ready[], int timeout_ms)
{
    return wait_poll(c->polls, c->n, ready, timeout_ms);
}

static int by_epoll(struct crowd *c, int ready[], int timeout_ms)
{
    return wait_epoll(c->epoll, ready, c->n, timeout_ms);
}

/* n eventfds, none of which is ready. */
static struct crowd crowd_of(int n)
{
    struct crowd c = {.n = n, .epoll = -1};

    for (int i = 0; i < n; i++) {
        c.fds[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        NEED(c.fds[i] != -1, "an eventfd");
        c.polls[i] = (struct pollfd){.fd = c.fds[i], .events = POLLIN};
    }
    return c;
}

static void set_ready(int fd, bool ready)
{
    uint64_t value = 1;

    if (ready)
        NEED(write(fd, &value, sizeof(value)) == sizeof(value), "a write");
    else
        NEED(read(fd, &value, sizeof(value)) == sizeof(value), "a read");
}

static int by_number(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

/* Asks once, and expects the want numbers in expected (ascending). */
static void check_wait(struct crowd *c, wait_fn *wait, const int *expected,
                       int want, int timeout_ms, const char *when)
{
    int ready[MANY + SPARE], n, error, right = 0;

    for (int i = 0; i < MANY + SPARE; i++)
        ready[i] = UNTOUCHED;
    errno = 0;
    n = wait(c, ready, timeout_ms);
    error = errno;
    CHECK(n == want, "%d ready %s", "%d (%s)", want, when, n,
          error_name(error));
    qsort(ready, (size_t)want, sizeof(ready[0]), by_number);
    while (right < want && ready[right] == expected[right])
        right++;
    CHECK(right == want, "the numbers of those that are ready, each once",
          "%d instead of %d among them", ready[right], expected[right]);
    CHECK(ready[want] == UNTOUCHED, "nothing is written behind them",
          "%d in the next place", ready[want]);
}

/* The numbers of every third one; returns how many there are. */
static int every_third(struct crowd *c, int *chosen)
{
    int count = 0;

    for (int i = (int)rnd(0, 2); i < c->n; i += 3)
        chosen[count++] = c->fds[i];
    return count;
}

/* What each of the three must be able to do. */
static void check_all(struct crowd *c, wait_fn *wait)
{
    int chosen[MANY] = {0}, count, ms = (int)rnd(10, 20);
    int64_t start;

    check_wait(c, wait, NULL, 0, 0, "when nothing is, without waiting");
    count = every_third(c, chosen);
    for (int i = 0; i < count; i++)
        set_ready(chosen[i], true);
    check_wait(c, wait, chosen, count, -1, "(timeout -1)");
    check_wait(c, wait, chosen, count, LONG_MS, "once more: nothing was read");
    for (int i = 1; i < count; i++)
        set_ready(chosen[i], false);
    check_wait(c, wait, chosen, 1, 0, "when the others were read");
    set_ready(chosen[0], false);
    start = now_us();
    check_wait(c, wait, NULL, 0, ms, "when nothing is and the time is over");
    start = now_us() - start;
    CHECK(start >= (ms - 1) * 1000, "a wait of %d ms", "it took %d us", ms,
          (int)start);
}

static void watch(struct crowd *c)
{
    int error;

    errno = 0;
    c->epoll = epoll_watch(c->fds, c->n);
    error = errno;
    CHECK(c->epoll >= 0, "a descriptor from epoll_watch", "%d (%s)", c->epoll,
          error_name(error));
}

/* wait_select tells which descriptors are ready, again and again, and keeps
 * to its timeout. */
Test(muxbench, select)
{
    struct crowd c = crowd_of((int)rnd(40, MANY));

    check_all(&c, by_select);
}

/* wait_poll tells which descriptors are ready, again and again, keeps to its
 * timeout, and leaves fd and events as they are. */
Test(muxbench, poll)
{
    struct crowd c = crowd_of((int)rnd(40, MANY));
    int right = 0;

    check_all(&c, by_poll);
    for (int i = 0; i < c.n; i++)
        right += c.polls[i].fd == c.fds[i] && c.polls[i].events == POLLIN;
    CHECK(right == c.n, "fd and events of all %d unchanged", "of %d", c.n,
          right);
}

/* epoll_watch registers all descriptors, and wait_epoll tells which of them
 * are ready, again and again; an error leaves no descriptor open. */
Test(muxbench, epoll)
{
    struct crowd c = crowd_of((int)rnd(40, MANY));
    int ready[3] = {UNTOUCHED, UNTOUCHED, UNTOUCHED}, n, error, before, file;

    watch(&c);
    CHECK((fcntl(c.epoll, F_GETFD) & FD_CLOEXEC) != 0,
          "an epoll instance that is close-on-exec", "FD_CLOEXEC is not set");
    check_all(&c, by_epoll);

    for (int i = 0; i < 3; i++)
        set_ready(c.fds[i], true);
    n = wait_epoll(c.epoll, ready, 2, LONG_MS);
    CHECK(n >= 1 && n <= 2 && ready[2] == UNTOUCHED,
          "1 or 2 of 3 ready ones where there is room for 2",
          "%d, and the place behind holds %d", n, ready[2]);

    file = memfd_create("file", MFD_CLOEXEC);
    NEED(file != -1 && dup2(file, c.fds[c.n - 1]) != -1, "a memfd");
    before = open_fds();
    errno = 0;
    n = epoll_watch(c.fds, c.n);
    error = errno;
    CHECK(n == -1 && error == EPERM,
          "-1 (EPERM) from epoll_watch with a regular file", "%d (%s)", n,
          error_name(error));
    CHECK(open_fds() == before, "no descriptor is left open by it",
          "%d more than before", open_fds() - before);
}

/* End-of-file counts as ready: all three report a pipe whose writers are gone
 * (POLLHUP) and one that still has data then. */
Test(muxbench, hangup)
{
    struct crowd c = crowd_of(4);
    int empty[2], full[2], chosen[2];

    NEED(pipe2(empty, O_CLOEXEC) == 0 && pipe2(full, O_CLOEXEC) == 0, "pipes");
    NEED(write(full[1], "x", 1) == 1, "a write");
    close(empty[1]);
    close(full[1]);
    NEED(dup2(empty[0], c.fds[1]) != -1 && dup2(full[0], c.fds[3]) != -1,
         "dup2");
    chosen[0] = c.fds[1];
    chosen[1] = c.fds[3];
    check_wait(&c, by_select, chosen, 2, LONG_MS, "by select");
    check_wait(&c, by_poll, chosen, 2, LONG_MS, "by poll");
    watch(&c);
    check_wait(&c, by_epoll, chosen, 2, LONG_MS, "by epoll");
}

/* Asks wait_select about a descriptor number that has no room in an fd_set,
 * beside one that is ready. */
static void check_refused(int fd)
{
    int ready[4] = {UNTOUCHED, UNTOUCHED, UNTOUCHED, UNTOUCHED};
    int fds[3] = {eventfd(1, EFD_CLOEXEC), fd, -1}, n, error;

    NEED(fds[0] != -1, "an eventfd");
    errno = 0;
    n = wait_select(fds, 2, ready, 0);
    error = errno;
    CHECK(n == -1 && error == EINVAL,
          "-1 (EINVAL) for descriptor %d, since FD_SETSIZE is %d", "%d (%s)",
          fd, FD_SETSIZE, n, error_name(error));
    close(fds[0]);
}

/* wait_select refuses a descriptor that an fd_set has no room for with EINVAL,
 * instead of writing outside of the set; 1023 is the last one that fits. */
Test(muxbench, fd_setsize)
{
    int last = FD_SETSIZE - 1, ready[2] = {UNTOUCHED, UNTOUCHED}, n, error;
    int fds[1] = {fcntl(eventfd(1, EFD_CLOEXEC), F_DUPFD_CLOEXEC, last)};

    NEED(fds[0] == last, "descriptor 1023 (the limit of open descriptors)");
    check_refused(FD_SETSIZE);
    check_refused(FD_SETSIZE + (int)rnd(1, 5000));
    check_refused(-1);
    errno = 0;
    n = wait_select(fds, 1, ready, LONG_MS);
    error = errno;
    CHECK(n == 1 && ready[0] == last, "1 ready: descriptor %d", "%d (%s): %d",
          last, n, error_name(error), ready[0]);
}

/* What these tests need of a machine. No code under test is called. */
Test(muxbench, machine)
{
    struct crowd c = crowd_of(MANY);
    int fds[2], file = memfd_create("file", MFD_CLOEXEC);
    int last = FD_SETSIZE - 1;

    set_ready(c.fds[0], true);
    set_ready(c.fds[0], false);
    NEED(file != -1 && dup2(file, c.fds[1]) != -1, "a memfd");
    NEED(pipe2(fds, O_CLOEXEC) == 0, "a pipe");
    NEED(fcntl(file, F_DUPFD_CLOEXEC, last) == last,
         "descriptor 1023 (the limit of open descriptors)");
}
