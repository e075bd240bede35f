/*
 * lt_et - how often does epoll_wait report an event?
 *
 * usage: lt_et SEQUENCE lt|et     do it, level- or edge-triggered
 *        lt_et -l                 the names of all sequences
 *
 * Does what labs/epoll/lt_et.toml describes under the name, and prints
 * "SEQUENCE MODE REPORTS of WAITS". No answer is written down in here: REPORTS
 * is counted while it happens, and strace shows the same:
 *
 *     strace -e trace=epoll_ctl,epoll_wait,epoll_pwait lt_et unread et
 *
 * No call waits (timeout 0, all descriptors non-blocking), and both ends of
 * each connection are in this process: so the count is the same every time.
 * Exit status: 0; 1 if a system call fails; 2 usage.
 *
 * see also: epoll(7), epoll_ctl(2), epoll_wait(2), unix(7); TLPI 63.4.6
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct run {
    int epoll;
    uint32_t mode; /* 0 or EPOLLET */
    int socket;    /* the one that epoll watches */
    int peer;      /* its other end */
    int waits, reports;
};

static void watch(struct run *r, int op, uint32_t events)
{
    struct epoll_event event = {.events = events | r->mode};

    if (epoll_ctl(r->epoll, op, r->socket, &event) == -1)
        err(1, "epoll_ctl");
}

/* A connected pair, one end of which is watched. */
static void connect_pair(struct run *r, uint32_t events)
{
    int fds[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == -1)
        err(1, "socketpair");
    r->socket = fds[0];
    r->peer = fds[1];
    watch(r, EPOLL_CTL_ADD, events);
}

/* One epoll_wait; whether it reported an event. */
static int wait_once(struct run *r)
{
    struct epoll_event event;
    int n = epoll_wait(r->epoll, &event, 1, 0);

    if (n == -1)
        err(1, "epoll_wait");
    r->waits++;
    r->reports += n;
    return n;
}

static void wait_times(struct run *r, int times)
{
    while (times-- > 0)
        wait_once(r);
}

static void peer_sends(struct run *r, size_t n)
{
    static const char bytes[64];

    if (send(r->peer, bytes, n, 0) != (ssize_t)n)
        err(1, "send");
}

/* Reads until there is nothing left, or until end-of-file. */
static void drain(int fd)
{
    char bytes[4096];
    ssize_t n;

    while ((n = read(fd, bytes, sizeof(bytes))) > 0)
        ;
    if (n == -1 && errno != EAGAIN)
        err(1, "read");
}

static void unread(struct run *r)
{
    connect_pair(r, EPOLLIN);
    peer_sends(r, 10);
    wait_times(r, 5);
}

static void partial(struct run *r)
{
    char bytes[4];

    connect_pair(r, EPOLLIN);
    peer_sends(r, 10);
    for (int i = 0; i < 4; i++)
        if (wait_once(r) && read(r->socket, bytes, sizeof(bytes)) == -1)
            err(1, "read");
}

static void again(struct run *r)
{
    connect_pair(r, EPOLLIN);
    peer_sends(r, 5);
    wait_once(r);
    peer_sends(r, 5);
    wait_times(r, 3);
}

static void drained(struct run *r)
{
    connect_pair(r, EPOLLIN);
    for (int i = 0; i < 3; i++) {
        peer_sends(r, 10);
        wait_once(r);
        drain(r->socket);
        wait_once(r);
    }
}

/* A listening socket of the UNIX domain: the kernel chooses its address. */
static void listener(struct run *r)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    socklen_t size = sizeof(a.sun_family);

    r->socket = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (r->socket == -1 || bind(r->socket, (struct sockaddr *)&a, size) == -1 ||
        listen(r->socket, 8) == -1)
        err(1, "a listening socket");
    size = sizeof(a);
    if (getsockname(r->socket, (struct sockaddr *)&a, &size) == -1)
        err(1, "getsockname");
    watch(r, EPOLL_CTL_ADD, EPOLLIN);
    for (int i = 0; i < 2; i++)
        if (connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&a,
                    size) == -1)
            err(1, "connect");
    for (int i = 0; i < 4; i++)
        if (wait_once(r) && accept(r->socket, NULL, NULL) == -1)
            err(1, "accept");
}

static void hangup(struct run *r)
{
    connect_pair(r, EPOLLIN);
    peer_sends(r, 10);
    close(r->peer);
    wait_once(r);
    drain(r->socket);
    wait_times(r, 2);
}

static void full(struct run *r)
{
    static const char bytes[4096];

    connect_pair(r, EPOLLOUT);
    wait_once(r);
    while (write(r->socket, bytes, sizeof(bytes)) > 0)
        ;
    wait_once(r);
    drain(r->peer);
    wait_times(r, 3);
}

static void rearm(struct run *r)
{
    connect_pair(r, EPOLLIN);
    peer_sends(r, 10);
    for (int i = 0; i < 2; i++) {
        wait_once(r);
        watch(r, EPOLL_CTL_MOD, EPOLLIN);
    }
    wait_times(r, 2);
}

static const struct {
    const char *name;
    void (*perform)(struct run *r);
} sequences[] = {
    {"unread", unread},   {"partial", partial},   {"again", again},
    {"drained", drained}, {"listener", listener}, {"hangup", hangup},
    {"full", full},       {"rearm", rearm},
};

enum { SEQUENCES = sizeof(sequences) / sizeof(sequences[0]) };

static int usage(void)
{
    fprintf(stderr, "usage: lt_et SEQUENCE lt|et\n       lt_et -l\n");
    return 2;
}

static int list(void)
{
    for (int i = 0; i < SEQUENCES; i++)
        printf("%s\n", sequences[i].name);
    return 0;
}

int main(int argc, char *argv[])
{
    struct run r = {.epoll = -1};
    int i = 0;

    if (argc == 2 && strcmp(argv[1], "-l") == 0)
        return list();
    if (argc != 3 || (strcmp(argv[2], "lt") && strcmp(argv[2], "et")))
        return usage();
    while (i < SEQUENCES && strcmp(sequences[i].name, argv[1]))
        i++;
    if (i == SEQUENCES)
        return usage();
    r.mode = strcmp(argv[2], "et") == 0 ? EPOLLET : 0;
    if ((r.epoll = epoll_create1(EPOLL_CLOEXEC)) == -1)
        err(1, "epoll_create1");
    sequences[i].perform(&r);
    printf("%s %s %d of %d\n", argv[1], argv[2], r.reports, r.waits);
    return 0;
}
