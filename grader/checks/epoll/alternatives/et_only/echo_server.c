/* et_only: edge-triggered always, listener included; every descriptor is
 * registered once, for both directions, and never modified. The program
 * remembers what is ready and serves it from a queue of its own. Signals come
 * through epoll_pwait.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BUFFER 32768
#define TURNS 8

struct peer {
    int fd;
    bool readable, writable, queued, ended;
    char *left; /* what could not be sent */
    size_t pos, end;
    struct peer *next, *prev, *next_ready;
};

static struct peer all = {.next = &all, .prev = &all};
static struct peer *ready_first, **ready_last = &ready_first;
static int epfd, listener;
static bool waiting_peers; /* the listener's edge came and is not used up */
static long long retry_at, give_up_at;
static volatile sig_atomic_t stop;
static char buffer[BUFFER];

static void on_signal(int sig)
{
    (void)sig;
    stop = 1;
}

static long long clock_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static void enqueue(struct peer *p)
{
    if (p->queued)
        return;
    p->queued = true;
    p->next_ready = NULL;
    *ready_last = p;
    ready_last = &p->next_ready;
}

static void forget(struct peer *p)
{
    p->prev->next = p->next;
    p->next->prev = p->prev;
    close(p->fd);
    free(p->left);
    free(p);
    if (waiting_peers)
        retry_at = 0;
}

/* 1: sent all; 0: the socket is full; -1: lost. */
static int push(struct peer *p, const char *data, size_t n, size_t *sent)
{
    while (*sent < n) {
        ssize_t k = send(p->fd, data + *sent, n - *sent, MSG_NOSIGNAL);
        if (k >= 0) {
            *sent += k;
        } else if (errno == EAGAIN) {
            p->writable = false;
            return 0;
        } else if (errno != EINTR) {
            return -1;
        }
    }
    return 1;
}

static int push_left(struct peer *p)
{
    int done = push(p, p->left, p->end, &p->pos);
    if (done == 1) {
        free(p->left);
        p->left = NULL;
    }
    return done;
}

/* Returns 1 if there is more to do at once, 0 if not, -1 to close. */
static int serve(struct peer *p)
{
    for (int turn = 0; turn < TURNS; turn++) {
        if (p->left != NULL) {
            int done = p->writable ? push_left(p) : 0;
            if (done != 1)
                return done;
        }
        if (stop && !p->ended) {
            p->ended = true;
            shutdown(p->fd, SHUT_WR);
        }
        if (!p->readable)
            return 0;
        ssize_t n = recv(p->fd, buffer, sizeof buffer, 0);
        if (n == 0)
            return -1;
        if (n == -1 && errno == EAGAIN)
            p->readable = false;
        else if (n == -1 && errno != EINTR)
            return -1;
        if (n == -1 || p->ended)
            continue;
        size_t sent = 0;
        int done = push(p, buffer, n, &sent);
        if (done == -1)
            return -1;
        if (done == 0) {
            p->left = malloc(n - sent);
            if (p->left == NULL)
                return -1;
            memcpy(p->left, buffer + sent, n - sent);
            p->pos = 0;
            p->end = n - sent;
        }
    }
    return 1;
}

static void serve_ready(void)
{
    struct peer *p = ready_first;
    ready_first = NULL;
    ready_last = &ready_first;
    while (p != NULL) {
        struct peer *next = p->next_ready;
        p->queued = false;
        int more = serve(p);
        if (more == -1)
            forget(p);
        else if (more == 1)
            enqueue(p);
        p = next;
    }
}

static void take_in(int fd)
{
    struct peer *p = calloc(1, sizeof *p);
    struct epoll_event e = {EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, {p}};
    if (p == NULL || epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &e) == -1) {
        free(p);
        close(fd);
        return;
    }
    p->fd = fd;
    p->next = all.next;
    p->prev = &all;
    p->next->prev = p;
    all.next = p;
}

static void accept_waiting(void)
{
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            take_in(fd);
        } else if (errno == EAGAIN) {
            waiting_peers = false;
            return;
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
                   errno == ENOMEM) {
            retry_at = clock_ms() + 100;
            return;
        }
    }
}

static void mark(struct epoll_event *e)
{
    struct peer *p = e->data.ptr;
    if (p == NULL) {
        waiting_peers = true;
        retry_at = 0;
        return;
    }
    if (e->events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        p->readable = true;
    if (e->events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
        p->writable = true;
    enqueue(p);
}

static int patience(void)
{
    long long until = stop ? give_up_at : retry_at;
    if (ready_first != NULL)
        return 0;
    if (!stop && !waiting_peers)
        return -1;
    long long left = until - clock_ms();
    return left > 0 ? (int)left : 0;
}

/* Signals are let in only here; a pending one must not starve under load. */
static void wait_once(const sigset_t *open)
{
    struct epoll_event events[128];
    sigset_t pending;
    int n = epoll_pwait(epfd, events, 128, patience(), open);
    for (int i = 0; i < n; i++)
        mark(&events[i]);
    sigpending(&pending);
    if (sigismember(&pending, SIGTERM) || sigismember(&pending, SIGINT))
        stop = 1;
}

static void begin_stop(void)
{
    close(listener);
    waiting_peers = false;
    give_up_at = clock_ms() + 1000;
    for (struct peer *p = all.next; p != &all; p = p->next)
        enqueue(p);
}

static void run(const sigset_t *open)
{
    while (!stop) {
        wait_once(open);
        serve_ready();
        if (waiting_peers && clock_ms() >= retry_at)
            accept_waiting();
    }
    begin_stop();
    serve_ready();
    while (all.next != &all && clock_ms() < give_up_at) {
        wait_once(open);
        serve_ready();
    }
    while (all.next != &all)
        forget(all.next);
}

static void catch_signals(sigset_t *old)
{
    struct sigaction sa = {.sa_handler = on_signal};
    sigset_t set;
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGINT, &sa, NULL);
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, old);
    sigdelset(old, SIGTERM);
    sigdelset(old, SIGINT);
}

static int start(long port)
{
    struct sockaddr_in a = {
        AF_INET, htons(port), {htonl(INADDR_LOOPBACK)}, {0}};
    struct epoll_event e = {EPOLLIN | EPOLLET, {NULL}};
    struct rlimit lim;
    int one = 1;
    if (getrlimit(RLIMIT_NOFILE, &lim) == 0) {
        lim.rlim_cur = lim.rlim_max;
        setrlimit(RLIMIT_NOFILE, &lim);
    }
    epfd = epoll_create1(EPOLL_CLOEXEC);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&a, sizeof a) == -1)
        return -1;
    if (listen(listener, 4096) == -1)
        return -1;
    return epoll_ctl(epfd, EPOLL_CTL_ADD, listener, &e);
}

int main(int argc, char **argv)
{
    int opt;
    while ((opt = getopt(argc, argv, "e")) != -1)
        if (opt != 'e')
            return 2;
    if (argc - optind != 1) {
        fprintf(stderr, "usage: %s [-e] PORT\n", argv[0]);
        return 2;
    }
    char *rest;
    errno = 0;
    long port = strtol(argv[optind], &rest, 10);
    if (errno || rest == argv[optind] || *rest || port <= 0 || port > 65535) {
        fprintf(stderr, "%s: PORT is a number from 1 to 65535\n", argv[0]);
        return 1;
    }
    sigset_t open;
    catch_signals(&open);
    if (start(port) == -1) {
        perror("cannot listen");
        return 1;
    }
    run(&open);
    return 0;
}
