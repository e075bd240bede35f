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
    /* TODO(project): 2. add (or modify, by op) source->fd with the events ev,
     * so that epoll_wait gives `source` back in data.ptr. Returns what
     * epoll_ctl(2) returns. TLPI 63.4.2. */
    (void)s, (void)op, (void)source, (void)ev;
    errno = ENOSYS;
    return -1;
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
    /* TODO(project): 6. send(2) the bytes of c->owed from c->sent up to c->len;
     * a short write moves c->sent, EINTR means once more, EAGAIN later (0), any
     * other error -1. No peer may kill you by SIGPIPE: MSG_NOSIGNAL. When all
     * is sent, nothing is owed: the buffer becomes the spare one (or is freed)
     * and c->owed is NULL again. TLPI 61.1, 63.1.2. */
    (void)s, (void)c;
    errno = ENOSYS;
    return -1;
}

/* Level-triggered: one read, epoll reports the rest again. Edge-triggered:
 * until EAGAIN, or 1 if there may be more. -1: end-of-file, or lost. */
static int conn_echo(struct server *s, struct conn *c)
{
    /* TODO(project): 5. recv(2) up to CHUNK bytes into s->spare (malloc it, if
     * there is none), make it what c owes, and flush. End-of-file: -1, EAGAIN:
     * 0, EINTR: once more. With s->edge nobody tells you again what you leave:
     * repeat, ROUNDS times at the most. After s->stop: read and drop. What
     * breaks if you read on while bytes are owed? epoll(7), TLPI 63.4.6. */
    (void)s, (void)c;
    errno = ENOSYS;
    return -1;
}

/* EPOLLERR and EPOLLHUP need no code: the next recv or send tells the news.
 * EPOLL_CTL_MOD looks at the socket's state again, so it loses no edge. */
static void conn_ready(struct server *s, struct source *source)
{
    struct conn *c = (struct conn *)source;
    bool owed = c->owed != NULL;
    int more = owed ? conn_flush(s, c) : conn_echo(s, c);
    /* TODO(project): 7. if c began or ceased to owe, or more is 1: watch for
     * EPOLLOUT while it owes, for EPOLLIN else, edge-triggered with s->edge.
     * Why not for both, all the time? epoll_ctl(2), TLPI 63.4.3. */
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
    /* TODO(project): 4. accept4(2) until it fails; each descriptor is born
     * non-blocking and close-on-exec, and goes to conn_open. Out of descriptors
     * or memory (which four errnos?): watch the listener for nothing, and set
     * s->paused; step calls you again. Every other errno concerns one peer
     * that is gone: go on. accept(2) ERRORS, TLPI 63.1.2. */
    (void)s, (void)listener, (void)conn_open;
    errno = ENOSYS;
}

/* A mark only: to close connections here would leave stale events behind. */
static void signals_ready(struct server *s, struct source *signals)
{
    /* TODO(project): 9. read(2) one struct signalfd_siginfo. Any signal sets
     * s->stop, SIGALRM (from alarm in main) s->late too. signalfd(2). */
    (void)s, (void)signals;
    errno = ENOSYS;
}

static void step(struct server *s)
{
    struct epoll_event events[EVENTS];
    /* TODO(project): 3. epoll_wait(2), without limit unless something must be
     * looked at every TICK_MS (s->paused, s->stop); then call source->ready for
     * each event's source. EINTR is no error. While paused, and not stopped,
     * try listener_ready after the batch. TLPI 63.4.3. */
    (void)s, (void)events;
    errno = ENOSYS;
    err(1, "step");
}

/* To close a socket that holds unread input resets the connection, and what
 * the kernel has not sent yet is lost. So as long as we or the kernel owe, the
 * peer only gets end-of-file after that (SHUT_WR), and its input is dropped. */
static void settle(struct server *s)
{
    /* TODO(project): 10. each connection: if it owes nothing, and the kernel
     * has nothing unsent either (ioctl SIOCOUTQ), close it; if only the kernel
     * has, shutdown(2) its sending side. Those that owe wait for conn_flush.
     * Mind the list: conn_close frees what you stand on. tcp(7), TLPI 61.2. */
    (void)s;
    errno = ENOSYS;
}

static int open_listener(const char *text)
{
    /* TODO(project): 1. text must be a whole number from 1 to 65535 (strtol(3)
     * takes " +80" and "80x" too); then socket(2), non-blocking, close-on-exec;
     * SO_REUSEADDR, bind(2) to INADDR_LOOPBACK, listen(2) with a generous
     * backlog. Any error: a message with the reason, exit 1. TLPI 59, 61.10. */
    warnx("port %s: nothing listens yet, open_listener comes first", text);
    exit(0);
}

/* Blocked, the signals wait to be read: none comes at a wrong moment. */
static int open_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    /* TODO(project): 8. put SIGTERM, SIGINT and SIGALRM in the set, and block
     * them (sigprocmask(2)). Until then they kill as ever. TLPI 22.11. */
    return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

int main(int argc, char *argv[])
{
    bool edge = argc > 1 && strcmp(argv[1], "-e") == 0;
    struct server s = {.edge = edge ? EPOLLET : 0};
    struct rlimit limit;
    if (argc != 2 + edge)
        errx(2, "usage: echo_server [-e] PORT");
    /* TODO(project): 11. raise the soft limit of RLIMIT_NOFILE to the hard one:
     * one descriptor per connection. getrlimit(2), TLPI 36.2. */
    (void)limit;
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
