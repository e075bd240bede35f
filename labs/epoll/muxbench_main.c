/*
 * muxbench - what does one event cost with select, poll and epoll?
 *
 * usage: muxbench [-c FILE]     -c: the table also as CSV
 *
 * Ten descriptors are ready while 10, 100, ... 10,000 are waited for. For each
 * of the three: the time in the wait, divided by the number of events that it
 * returned, in microseconds; the best of several batches, since whatever else
 * runs on the machine can only add to it. An empty field means that it cannot
 * be measured: select knows no descriptor above 1023, or the limit of open
 * descriptors (ulimit -n) is too low.
 *
 * Given: you write muxbench.c.
 *
 * see also: muxbench.h, eventfd(2), clock_gettime(2), setrlimit(2)
 */
#include "muxbench.h"

#include <err.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum {
    MOST = 10000,   /* descriptors */
    ACTIVE = 10,    /* of them are ready in each round */
    BATCHES = 15,   /* of which the best one counts */
    BATCH_US = 2000 /* a batch has as many waits as fit in this time */
};

static const int sizes[] = {10, 30, 100, 300, 1000, 3000, MOST};

/* The descriptors, in the form that each of the three likes. */
struct crowd {
    int n;
    int fds[MOST];
    struct pollfd polls[MOST];
    int epoll;
};

typedef int wait_fn(struct crowd *c, int ready[]);

static int by_select(struct crowd *c, int ready[])
{
    return wait_select(c->fds, c->n, ready, -1);
}

static int by_poll(struct crowd *c, int ready[])
{
    return wait_poll(c->polls, c->n, ready, -1);
}

static int by_epoll(struct crowd *c, int ready[])
{
    return wait_epoll(c->epoll, ready, c->n, -1);
}

static double now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* eventfds that are never read, so that level-triggered waits report the same
 * ones every time; the active ones are spread evenly. */
static void open_crowd(struct crowd *c, int n)
{
    for (int i = 0; i < n; i++) {
        int active = i % (n / ACTIVE) == 0;
        int fd = eventfd((unsigned)active, EFD_CLOEXEC | EFD_NONBLOCK);

        if (fd == -1)
            err(1, "eventfd");
        c->fds[i] = fd;
        c->polls[i] = (struct pollfd){.fd = fd, .events = POLLIN};
    }
    c->n = n;
    c->epoll = epoll_watch(c->fds, n);
    if (c->epoll == -1)
        err(1, "epoll_watch");
}

static void close_crowd(struct crowd *c)
{
    for (int i = 0; i < c->n; i++)
        close(c->fds[i]);
    close(c->epoll);
}

/* One batch of waits. Returns microseconds per event, or -1 and errno. */
static double batch(struct crowd *c, wait_fn *wait)
{
    static int ready[MOST];
    double start = now_us(), end;
    long events = 0;

    do {
        int n = wait(c, ready);

        if (n == -1)
            return -1;
        if (n != ACTIVE)
            errx(1, "%d events where %d descriptors are ready", n, ACTIVE);
        events += n;
        end = now_us();
    } while (end - start < BATCH_US);
    return (end - start) / (double)events;
}

/* The best of all batches; -1 if it cannot be measured (EINVAL). */
static double measure(struct crowd *c, const char *name, wait_fn *wait)
{
    double best = 0, time;

    for (int i = 0; i < BATCHES; i++) {
        time = batch(c, wait);
        if (time < 0 && errno == EINVAL)
            return -1;
        if (time < 0)
            err(1, "wait_%s", name);
        if (i == 0 || time < best)
            best = time;
    }
    return best;
}

/* A cell of the table and a field of the CSV. */
static void print_time(FILE *csv, double us)
{
    if (us < 0) {
        printf(" %9s", "");
        fprintf(csv, ",");
    } else {
        printf(" %9.3f", us);
        fprintf(csv, ",%.4f", us);
    }
}

static void measure_row(struct crowd *c, int n, FILE *csv)
{
    double us[3] = {-1, -1, -1};

    open_crowd(c, n);
    us[0] = measure(c, "select", by_select);
    us[1] = measure(c, "poll", by_poll);
    us[2] = measure(c, "epoll", by_epoll);
    close_crowd(c);
    printf("%11d", n);
    fprintf(csv, "%d,%d", n, ACTIVE);
    for (int i = 0; i < 3; i++)
        print_time(csv, us[i]);
    printf("\n");
    fprintf(csv, "\n");
    fflush(stdout);
}

/* Raises the soft limit to the hard one; how many descriptors can be opened. */
static long room(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
        err(1, "getrlimit");
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
        err(1, "setrlimit");
    return limit.rlim_cur > INT32_MAX ? INT32_MAX : (long)limit.rlim_cur - 10;
}

int main(int argc, char *argv[])
{
    static struct crowd crowd;
    const char *file = "/dev/null";
    long most = room();
    FILE *csv;

    for (int c; (c = getopt(argc, argv, "c:")) != -1;) {
        if (c != 'c') {
            fprintf(stderr, "usage: muxbench [-c FILE]\n");
            return 2;
        }
        file = optarg;
    }
    if ((csv = fopen(file, "we")) == NULL)
        err(1, "%s", file);
    printf("microseconds per event, %d descriptors ready\n", ACTIVE);
    printf("%11s %9s %9s %9s\n", "descriptors", "select", "poll", "epoll");
    fprintf(csv, "descriptors,active,select_us,poll_us,epoll_us\n");
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        if (sizes[i] <= most)
            measure_row(&crowd, sizes[i], csv);
        else
            printf("%11d   the limit is %ld open files\n", sizes[i], most);
    return fclose(csv) == 0 ? 0 : 1;
}
