/* thread_per_core: two threads, each with an epoll instance and connections of
 * its own; one listening socket, shared through EPOLLEXCLUSIVE. The main thread
 * waits for a signal in sigwait and wakes the others through an eventfd.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 2, SIZE = 16384, EVENTS = 256, PAUSE_MS = 100, END_MS = 1000 };

struct conn {
    int fd;
    uint32_t events;
    struct conn *next, *prev;
    size_t from, to;
    char *rest;
};

struct worker {
    pthread_t thread;
    int epoll;
    bool paused, stopping;
    struct conn *conns;
    char buffer[SIZE];
};

static int listener, stop_fd;
static uint32_t edge;

static int64_t monotonic_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

static int change(struct worker *w, int op, int fd, uint32_t events, void *data)
{
    struct epoll_event e = {.events = events, .data.ptr = data};
    return epoll_ctl(w->epoll, op, fd, &e);
}

static void conn_free(struct worker *w, struct conn *c)
{
    if (c->next)
        c->next->prev = c->prev;
    *(c->prev ? &c->prev->next : &w->conns) = c->next;
    close(c->fd);
    free(c->rest);
    free(c);
}

static int expect(struct worker *w, struct conn *c, uint32_t events)
{
    if (c->events == events)
        return 0;
    c->events = events;
    return change(w, EPOLL_CTL_MOD, c->fd, events | edge, c);
}

static int conn_write(struct worker *w, struct conn *c)
{
    while (c->from < c->to) {
        ssize_t n =
            send(c->fd, c->rest + c->from, c->to - c->from, MSG_NOSIGNAL);
        if (n >= 0)
            c->from += (size_t)n;
        else if (errno == EAGAIN)
            return expect(w, c, EPOLLOUT);
        else if (errno != EINTR)
            return -1;
    }
    free(c->rest);
    c->rest = NULL;
    c->from = c->to = 0;
    if (w->stopping)
        shutdown(c->fd, SHUT_WR);
    return expect(w, c, EPOLLIN);
}

static int conn_read(struct worker *w, struct conn *c)
{
    do {
        ssize_t n = recv(c->fd, w->buffer, SIZE, 0);
        if (n == 0)
            return -1;
        if (n < 0 && errno == EAGAIN)
            return 0;
        if (n < 0 && errno != EINTR)
            return -1;
        if (n < 0 || w->stopping)
            continue;
        ssize_t k = send(c->fd, w->buffer, (size_t)n, MSG_NOSIGNAL);
        if (k == n)
            continue;
        if (k < 0 && errno != EAGAIN && errno != EINTR)
            return -1;
        c->from = k < 0 ? 0 : (size_t)k;
        c->to = (size_t)n;
        c->rest = malloc(c->to);
        if (c->rest == NULL)
            return -1;
        memcpy(c->rest, w->buffer, c->to);
        if (conn_write(w, c) == -1)
            return -1;
    } while (edge && c->rest == NULL);
    return 0;
}

static void conn_new(struct worker *w, int fd)
{
    struct conn *c = calloc(1, sizeof *c);
    if (!c || change(w, EPOLL_CTL_ADD, fd, EPOLLIN | edge, c) == -1) {
        free(c);
        close(fd);
        return;
    }
    c->fd = fd;
    c->events = EPOLLIN;
    c->next = w->conns;
    if (c->next)
        c->next->prev = c;
    w->conns = c;
}

/* An exclusive registration cannot be modified, only made and removed. */
static void listen_here(struct worker *w, bool on)
{
    if (on)
        change(w, EPOLL_CTL_ADD, listener, EPOLLIN | EPOLLEXCLUSIVE, &listener);
    else
        change(w, EPOLL_CTL_DEL, listener, 0, NULL);
}

static void accept_some(struct worker *w)
{
    for (int i = 0; i < 32; i++) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            conn_new(w, fd);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
                   errno == ENOMEM) {
            listen_here(w, false);
            w->paused = true;
            return;
        } else if (errno == EAGAIN) {
            return;
        }
    }
}

static void stop_worker(struct worker *w)
{
    w->stopping = true;
    change(w, EPOLL_CTL_DEL, stop_fd, 0, NULL);
    if (!w->paused)
        listen_here(w, false);
    for (struct conn *next, *c = w->conns; c; c = next) {
        next = c->next;
        if (c->rest == NULL)
            conn_free(w, c);
    }
}

static void turn(struct worker *w, int timeout)
{
    struct epoll_event e[EVENTS];
    bool stop = false, retry = w->paused;
    int n = epoll_wait(w->epoll, e, EVENTS, timeout);
    for (int i = 0; i < n; i++) {
        struct conn *c = e[i].data.ptr;
        if (e[i].data.ptr == &stop_fd)
            stop = true;
        else if (e[i].data.ptr == &listener)
            accept_some(w);
        else if ((c->rest ? conn_write(w, c) : conn_read(w, c)) == -1)
            conn_free(w, c);
    }
    if (stop) {
        stop_worker(w);
    } else if (retry && !w->stopping) {
        w->paused = false;
        listen_here(w, true);
    }
}

static void *work(void *arg)
{
    struct worker *w = arg;
    while (!w->stopping)
        turn(w, w->paused ? PAUSE_MS : -1);
    int64_t end = monotonic_ms() + END_MS;
    while (w->conns && monotonic_ms() < end)
        turn(w, (int)(end - monotonic_ms()));
    while (w->conns)
        conn_free(w, w->conns);
    close(w->epoll);
    return NULL;
}

static bool start_worker(struct worker *w)
{
    w->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (w->epoll == -1)
        return false;
    listen_here(w, true);
    change(w, EPOLL_CTL_ADD, stop_fd, EPOLLIN, &stop_fd);
    return pthread_create(&w->thread, NULL, work, w) == 0;
}

static int fail(const char *what)
{
    fprintf(stderr, "echo_server: %s: %s\n", what, strerror(errno));
    return 1;
}

static int serve(const char *port_text, int port)
{
    struct sockaddr_in addr = {.sin_family = AF_INET,
                               .sin_port = htons((uint16_t)port),
                               .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct worker *workers = calloc(THREADS, sizeof *workers);
    sigset_t set;
    int sig, on = 1;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set, NULL); /* threads inherit the mask */
    stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (workers == NULL || stop_fd == -1 || listener == -1)
        return fail("start");
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&addr, sizeof addr) == -1 ||
        listen(listener, SOMAXCONN) == -1)
        return fail(port_text);
    for (int i = 0; i < THREADS; i++)
        if (!start_worker(&workers[i]))
            return fail("thread");
    while (sigwait(&set, &sig) != 0)
        ;
    shutdown(listener, SHUT_RDWR);
    eventfd_write(stop_fd, 1);
    for (int i = 0; i < THREADS; i++)
        pthread_join(workers[i].thread, NULL);
    free(workers);
    return 0;
}

int main(int argc, char *argv[])
{
    struct rlimit lim;
    char *end;
    if (argc > 1 && strcmp(argv[1], "-e") == 0) {
        edge = EPOLLET;
        argv++;
        argc--;
    }
    if (argc != 2) {
        fputs("usage: echo_server [-e] PORT\n", stderr);
        return 2;
    }
    long port = strtol(argv[1], &end, 10);
    if (end == argv[1] || *end || port <= 0 || port >= 65536) {
        fprintf(stderr, "echo_server: no port: %s\n", argv[1]);
        return 1;
    }
    if (getrlimit(RLIMIT_NOFILE, &lim) == 0) {
        lim.rlim_cur = lim.rlim_max;
        setrlimit(RLIMIT_NOFILE, &lim);
    }
    return serve(argv[1], (int)port);
}
