/* tiny: as few lines as the contract allows; a table indexed by descriptor. */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>
enum { MOST = 1 << 20 };
static struct conn {
    unsigned events;
    int len, sent;
    char data[4084];
} * conns[MOST];
static int ep, listener, signals, count, full, stopping, late;
static unsigned edge;

static int ctl(int op, int fd, unsigned events)
{
    struct epoll_event e = {.events = events, .data.fd = fd};
    if (fd != listener && fd != signals)
        conns[fd]->events = events;
    return epoll_ctl(ep, op, fd, &e);
}
static void drop(int fd)
{
    free(conns[fd]);
    conns[fd] = NULL;
    close(fd);
    count--;
}
static int turn(int fd, struct conn *c) /* -1: over */
{
    for (unsigned out = EPOLLOUT | edge, in = EPOLLIN | edge;;) {
        while (c->sent < c->len) {
            ssize_t n =
                send(fd, c->data + c->sent, c->len - c->sent, MSG_NOSIGNAL);
            if (n == -1 && errno != EINTR)
                return errno != EAGAIN    ? -1
                       : c->events == out ? 0
                                          : ctl(EPOLL_CTL_MOD, fd, out);
            c->sent += n > 0 ? n : 0;
        }
        if (stopping)
            shutdown(fd, SHUT_WR);
        if (c->len > 0 && c->events == EPOLLIN) /* level-triggered: one round */
            return c->len = c->sent = 0;
        ssize_t n = recv(fd, c->data, sizeof c->data, c->len = c->sent = 0);
        if (n == 0 || (n == -1 && errno != EINTR && errno != EAGAIN))
            return -1;
        if (n == -1 && errno == EAGAIN)
            return c->events == in ? 0 : ctl(EPOLL_CTL_MOD, fd, in);
        c->len = n == -1 || stopping ? 0 : n;
    }
}
static void accept_all(void)
{
    int fd, was = full;
    while ((fd = accept4(listener, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC)) != -1) {
        if (fd >= MOST || (conns[fd] = calloc(1, sizeof **conns)) == NULL)
            close(fd);
        else if (++count && ctl(EPOLL_CTL_ADD, fd, EPOLLIN | edge) == -1)
            drop(fd);
    }
    full = errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
           errno == ENOMEM;
    if (was != full)
        ctl(EPOLL_CTL_MOD, listener, full ? 0 : EPOLLIN);
}
static void stop(void)
{
    struct signalfd_siginfo info;
    if (read(signals, &info, sizeof info) != sizeof info)
        return;
    late = info.ssi_signo == SIGALRM;
    for (int fd = 0; fd < MOST && !stopping; fd++)
        if (conns[fd] != NULL && conns[fd]->len == 0)
            shutdown(fd,
                     SHUT_WR); /* and drop it when it says end-of-file too */
    if (!stopping++)
        shutdown(listener, SHUT_RD), close(listener), alarm(1);
}
int main(int argc, char *argv[])
{
    struct epoll_event events[256];
    struct rlimit r;
    struct sockaddr_in a = {.sin_family = AF_INET};
    char *end, *text = argv[argc - 1];
    sigset_t set;
    edge = argc > 1 && strcmp(argv[1], "-e") == 0 ? EPOLLET : 0;
    if (argc != (edge ? 3 : 2))
        errx(2, "usage: echo_server [-e] PORT");
    long port = strtol(text, &end, 10);
    if (end == text || *end != '\0' || port < 1 || port > 65535)
        errx(1, "bad port %s", text);
    a.sin_port = htons(port);
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    getrlimit(RLIMIT_NOFILE, &r);
    r.rlim_cur = r.rlim_max;
    setrlimit(RLIMIT_NOFILE, &r);
    sigemptyset(&set);
    sigaddset(&set, SIGTERM), sigaddset(&set, SIGINT), sigaddset(&set, SIGALRM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signals = signalfd(-1, &set, SFD_NONBLOCK);
    ep = epoll_create1(EPOLL_CLOEXEC);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (bind(listener, (void *)&a, sizeof a) == -1 || listen(listener, 4096))
        err(1, "port %ld", port);
    ctl(EPOLL_CTL_ADD, signals, EPOLLIN);
    ctl(EPOLL_CTL_ADD, listener, EPOLLIN);
    while (!late && (!stopping || count > 0)) {
        int n = epoll_wait(ep, events, 256, full && !stopping ? 100 : -1);
        for (int i = 0; i < n; i++) {
            int fd = events[i].data.fd;
            if (fd == signals)
                stop();
            else if (fd == listener && !stopping)
                accept_all();
            else if (conns[fd] != NULL && turn(fd, conns[fd]) == -1)
                drop(fd);
        }
        if (full && !stopping)
            accept_all();
    }
    for (int fd = 0; fd < MOST; fd++)
        if (conns[fd] != NULL)
            drop(fd);
    return 0;
}
