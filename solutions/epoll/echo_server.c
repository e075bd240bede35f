/* echo_server - sends every byte back, to thousands of peers at once
 * usage: echo_server [-e] PORT        -e: edge-triggered events
 * see also: epoll(7), accept(2), send(2), signalfd(2), tcp(7); TLPI 59-63
 *
 * One thread, one epoll instance, one rule: a connection either owes bytes to
 * its peer and waits for EPOLLOUT, or owes nothing and waits for EPOLLIN. It
 * never reads while it owes. So one bounded buffer is enough, a peer that does
 * not read is not read from, and end-of-file is seen only when nothing is owed.
 */
#define _GNU_SOURCE /* accept4 */
#include <err.h>
#include <errno.h>
#include <linux/sockios.h> /* SIOCOUTQ */
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/queue.h> /* LIST_: so that the end finds every connection */
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum {
    CHUNK = 16 * 1024, /* bytes per read, and the most that a peer is owed */
    EVENTS = 512,      /* events per epoll_wait */
    ROUNDS = 16,       /* reads per edge, so that nobody starves the others */
    TICK_MS = 50,      /* between looks at what sends no event */
};

struct server {
    int epoll;
    uint32_t edge; /* EPOLLET or 0 */
    struct source {
        int fd;
        void (*ready)(struct server *s, struct source *source);
    } listener, signals;
    LIST_HEAD(, conn) conns;
    char *spare;     /* the next read goes here; a conn that owes keeps it */
    bool paused;     /* out of descriptors: the listener is not watched */
    bool stop, late; /* a signal came; the time of grace is over */
};

struct conn {
    struct source source; /* first: a source pointer is a conn pointer */
    LIST_ENTRY(conn) link;
    char *owed; /* CHUNK bytes, or NULL: an idle peer costs 64 bytes */
    size_t len, sent;
};

static int watch(struct server *s, int op, struct source *source, uint32_t ev)
{
    struct epoll_event e = {.events = ev, .data.ptr = source};
    return epoll_ctl(s->epoll, op, source->fd, &e);
}

static void conn_close(struct conn *c)
{
    LIST_REMOVE(c, link);
    close(c->source.fd); /* the only reference: epoll forgets it too */
    free(c->owed);
    free(c);
}

/* Sends what is owed, as far as it fits now. -1: the connection is lost. */
static int conn_flush(struct server *s, struct conn *c)
{
    while (c->sent < c->len) {
        ssize_t n = send(c->source.fd, c->owed + c->sent, c->len - c->sent,
                         MSG_NOSIGNAL);
        if (n == -1 && errno != EINTR)
            return errno == EAGAIN ? 0 : -1;
        c->sent += n > 0 ? (size_t)n : 0;
    }
    free(s->spare);
    s->spare = c->owed;
    c->owed = NULL;
    return 0;
}

/* Level-triggered: one read, epoll reports the rest again. Edge-triggered:
 * until EAGAIN, or 1 if there may be more. -1: end-of-file, or lost. */
static int conn_echo(struct server *s, struct conn *c)
{
    for (int i = 0; i < (s->edge ? ROUNDS : 1) && c->owed == NULL; i++) {
        if (s->spare == NULL && (s->spare = malloc(CHUNK)) == NULL)
            return -1;
        ssize_t n = recv(c->source.fd, s->spare, CHUNK, 0);
        if (n == 0)
            return -1;
        if (n == -1 && errno != EINTR)
            return errno == EAGAIN ? 0 : -1;
        if (n == -1 || s->stop)
            continue; /* stop: read and dropped, see settle */
        c->owed = s->spare;
        s->spare = NULL;
        c->len = (size_t)n;
        c->sent = 0;
        if (conn_flush(s, c) == -1)
            return -1;
    }
    return s->edge ? 1 : 0;
}

/* EPOLLERR and EPOLLHUP need no code: the next recv or send tells the news.
 * EPOLL_CTL_MOD looks at the socket's state again, so it loses no edge. */
static void conn_ready(struct server *s, struct source *source)
{
    struct conn *c = (struct conn *)source;
    bool owed = c->owed != NULL;
    int more = owed ? conn_flush(s, c) : conn_echo(s, c);
    if (more == 1 || (more == 0 && owed != (c->owed != NULL)))
        more = watch(s, EPOLL_CTL_MOD, source,
                     s->edge | (c->owed == NULL ? EPOLLIN : EPOLLOUT));
    if (more == -1)
        conn_close(c);
}

/* Takes fd over. Without memory for it, only this connection is lost. */
static void conn_open(struct server *s, int fd)
{
    struct conn *c = calloc(1, sizeof *c);
    if (c == NULL) {
        close(fd);
        return;
    }
    c->source = (struct source){fd, conn_ready};
    LIST_INSERT_HEAD(&s->conns, c, link);
    if (watch(s, EPOLL_CTL_ADD, &c->source, EPOLLIN | s->edge) == -1)
        conn_close(c);
}

/* The listener is level-triggered always: after an error that concerns one
 * connection, epoll reports those that still wait. Out of descriptors it would
 * report them for ever, so it is not watched until an accept works again. */
static void listener_ready(struct server *s, struct source *listener)
{
    const int flags = SOCK_NONBLOCK | SOCK_CLOEXEC;
    int fd;
    while ((fd = accept4(listener->fd, NULL, NULL, flags)) != -1)
        conn_open(s, fd);
    bool full = errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
                errno == ENOMEM;
    if (full != s->paused)
        watch(s, EPOLL_CTL_MOD, listener, full ? 0 : EPOLLIN);
    s->paused = full;
}

/* A mark only: to close connections here would leave stale events behind. */
static void signals_ready(struct server *s, struct source *signals)
{
    struct signalfd_siginfo info;
    if (read(signals->fd, &info, sizeof info) != sizeof info)
        return;
    s->stop = true;
    s->late = info.ssi_signo == SIGALRM;
}

static void step(struct server *s)
{
    struct epoll_event events[EVENTS];
    int timeout = s->paused || s->stop ? TICK_MS : -1;
    int n = epoll_wait(s->epoll, events, EVENTS, timeout);
    if (n == -1 && errno != EINTR)
        err(1, "epoll_wait");
    for (int i = 0; i < n; i++) {
        struct source *source = events[i].data.ptr;
        source->ready(s, source);
    }
    if (s->paused && !s->stop)
        listener_ready(s, &s->listener);
}

/* To close a socket that holds unread input resets the connection, and what
 * the kernel has not sent yet is lost. So as long as we or the kernel owe, the
 * peer only gets end-of-file after that (SHUT_WR), and its input is dropped. */
static void settle(struct server *s)
{
    for (struct conn *next, *c = LIST_FIRST(&s->conns); c != NULL; c = next) {
        int unsent = 0;
        next = LIST_NEXT(c, link);
        ioctl(c->source.fd, SIOCOUTQ, &unsent);
        if (c->owed == NULL && unsent == 0)
            conn_close(c);
        else if (c->owed == NULL)
            shutdown(c->source.fd, SHUT_WR);
    }
}

static int open_listener(const char *text)
{
    char *end;
    long port = strtol(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || port < 1 || port > 65535)
        errx(1, "not a port: %s", text);
    struct sockaddr_in addr = {.sin_family = AF_INET,
                               .sin_port = htons((uint16_t)port),
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd == -1 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == -1 ||
        bind(fd, (struct sockaddr *)&addr, sizeof addr) == -1 ||
        listen(fd, SOMAXCONN) == -1)
        err(1, "port %ld", port);
    return fd;
}

/* Blocked, the signals wait to be read: none comes at a wrong moment. */
static int open_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGALRM); /* the end of the grace */
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

int main(int argc, char *argv[])
{
    bool edge = argc > 1 && strcmp(argv[1], "-e") == 0;
    struct server s = {.edge = edge ? EPOLLET : 0};
    struct rlimit limit;
    if (argc != 2 + edge)
        errx(2, "usage: echo_server [-e] PORT");
    getrlimit(RLIMIT_NOFILE, &limit); /* soft: often no more than 1,024 */
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
        err(1, "setrlimit");
    s.signals = (struct source){open_signals(), signals_ready};
    s.listener = (struct source){open_listener(argv[1 + edge]), listener_ready};
    if ((s.epoll = epoll_create1(EPOLL_CLOEXEC)) == -1 ||
        watch(&s, EPOLL_CTL_ADD, &s.signals, EPOLLIN) == -1 ||
        watch(&s, EPOLL_CTL_ADD, &s.listener, EPOLLIN) == -1)
        err(1, "epoll");
    while (!s.stop)
        step(&s);
    close(s.listener.fd);
    alarm(1); /* the grace, in seconds */
    for (settle(&s); !s.late && !LIST_EMPTY(&s.conns); settle(&s))
        step(&s);
    while (!LIST_EMPTY(&s.conns))
        conn_close(LIST_FIRST(&s.conns));
    free(s.spare);
    return 0;
}
