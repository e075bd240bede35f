/* split_io: reading and writing live in echo_io.c; this file knows connections
 * and epoll. A handler sets a flag; epoll_pwait lets the signals in, and after
 * every batch they are let in once more, as it takes none while events come.
 */
#define _GNU_SOURCE
#include "echo_io.h"

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct connection {
    struct echo_io io;
    int fd;
    bool wants_room, ending;
    struct connection *older, *newer;
};

static struct {
    int epoll, listener;
    bool edge, listener_muted;
    struct connection *newest;
} server;

static volatile sig_atomic_t stop_requested;

static void request_stop(int signo)
{
    (void)signo;
    stop_requested = 1;
}

static int set_events(struct connection *c, int op)
{
    struct epoll_event ev = {.data.ptr = c};
    ev.events = c->wants_room ? EPOLLOUT : EPOLLIN;
    if (server.edge)
        ev.events |= EPOLLET;
    return epoll_ctl(server.epoll, op, c->fd, &ev);
}

static void close_connection(struct connection *c)
{
    if (c->newer != NULL)
        c->newer->older = c->older;
    else
        server.newest = c->older;
    if (c->older != NULL)
        c->older->newer = c->newer;
    echo_io_free(&c->io);
    close(c->fd);
    free(c);
}

static void open_connection(int fd)
{
    struct connection *c = calloc(1, sizeof *c);
    if (c == NULL) {
        close(fd);
        return;
    }
    c->fd = fd;
    c->older = server.newest;
    if (c->older != NULL)
        c->older->newer = c;
    server.newest = c;
    if (set_events(c, EPOLL_CTL_ADD) == -1)
        close_connection(c);
}

static bool listener_events(bool on)
{
    struct epoll_event ev = {.events = on ? EPOLLIN : 0, .data.ptr = &server};
    server.listener_muted = !on;
    return epoll_ctl(server.epoll, EPOLL_CTL_MOD, server.listener, &ev) == 0;
}

static void accept_connections(void)
{
    for (;;) {
        int fd =
            accept4(server.listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd != -1) {
            open_connection(fd);
            continue;
        }
        if (errno == EAGAIN)
            return;
        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM ||
            errno == ENOBUFS) {
            listener_events(false);
            return;
        }
    }
}

static bool update(struct connection *c, bool wants_room)
{
    if (c->wants_room == wants_room)
        return true;
    c->wants_room = wants_room;
    return set_events(c, EPOLL_CTL_MOD) == 0;
}

static void say_end(struct connection *c)
{
    if (!c->ending && c->io.bytes == NULL) {
        c->ending = true;
        shutdown(c->fd, SHUT_WR);
    }
}

/* Edge-triggered: until nothing is left. Level-triggered: a few steps. */
static void run_connection(struct connection *c)
{
    enum echo_io_result result = ECHO_IO_MORE;
    bool ok = true;
    for (int i = 0; result == ECHO_IO_MORE; i++) {
        if (!server.edge && i > 0 && !c->wants_room)
            return;
        result = echo_io_step(&c->io, c->fd, c->ending);
        if (stop_requested)
            say_end(c);
        if (result == ECHO_IO_MORE && !server.edge)
            ok = update(c, false);
    }
    if (result == ECHO_IO_FULL || result == ECHO_IO_AGAIN)
        ok = update(c, result == ECHO_IO_FULL);
    if (!ok || result == ECHO_IO_END || result == ECHO_IO_LOST)
        close_connection(c);
}

static void wait_and_run(const struct timespec *limit, const sigset_t *mask)
{
    struct epoll_event events[128];
    bool muted_before = server.listener_muted;
    int timeout = limit ? limit->tv_sec * 1000 + limit->tv_nsec / 1000000 : -1;
    int n = epoll_pwait(server.epoll, events, 128, timeout, mask);
    for (int i = 0; i < n; i++) {
        if (events[i].data.ptr == &server)
            accept_connections();
        else
            run_connection(events[i].data.ptr);
    }
    if (muted_before && server.listener_muted)
        listener_events(true);
}

static void let_signals_in(const sigset_t *mask)
{
    sigset_t blocked;
    sigprocmask(SIG_SETMASK, mask, &blocked);
    sigprocmask(SIG_SETMASK, &blocked, NULL);
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void drain(const sigset_t *mask)
{
    const struct timespec tick = {.tv_nsec = 20000000};
    double end = seconds() + 0.95;
    struct connection *c, *older;
    close(server.listener);
    server.listener_muted = false;
    for (c = server.newest; c != NULL; c = older) {
        older = c->older;
        if (c->io.bytes == NULL)
            close_connection(c);
    }
    while (server.newest != NULL && seconds() < end)
        wait_and_run(&tick, mask);
    while (server.newest != NULL)
        close_connection(server.newest);
    close(server.epoll);
}

static bool start(in_port_t port)
{
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = &server};
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    const int yes = 1;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server.epoll = epoll_create1(EPOLL_CLOEXEC);
    server.listener =
        socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (server.epoll == -1 || server.listener == -1)
        return false;
    setsockopt(server.listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    return bind(server.listener, (struct sockaddr *)&at, sizeof at) == 0 &&
           listen(server.listener, 4096) == 0 &&
           epoll_ctl(server.epoll, EPOLL_CTL_ADD, server.listener, &ev) == 0;
}

int main(int argc, char *argv[])
{
    const struct timespec tick = {.tv_nsec = 100000000};
    struct sigaction sa = {.sa_handler = request_stop};
    struct rlimit nofile;
    sigset_t stops, before;
    int option;

    while ((option = getopt(argc, argv, "e")) == 'e')
        server.edge = true;
    if (option == '?' || argc != optind + 1) {
        fprintf(stderr, "usage: %s [-e] PORT\n", argv[0]);
        return 2;
    }
    char *end = argv[optind];
    unsigned long port = strtoul(argv[optind], &end, 10);
    if (argv[optind][0] == '-' || *end || port - 1 >= 65535) {
        fprintf(stderr, "%s: bad port: %s\n", argv[0], argv[optind]);
        return 1;
    }
    if (!getrlimit(RLIMIT_NOFILE, &nofile)) {
        nofile.rlim_cur = nofile.rlim_max;
        setrlimit(RLIMIT_NOFILE, &nofile);
    }
    sigemptyset(&stops);
    sigaddset(&stops, SIGTERM);
    sigaddset(&stops, SIGINT);
    sigprocmask(SIG_BLOCK, &stops, &before);
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGINT, &sa, NULL);
    if (!start((in_port_t)port)) {
        fprintf(stderr, "%s: port %lu: %s\n", argv[0], port, strerror(errno));
        return 1;
    }
    while (!stop_requested) {
        wait_and_run(server.listener_muted ? &tick : NULL, &before);
        let_signals_in(&before);
    }
    drain(&before);
    return 0;
}
