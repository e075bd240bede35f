/* signalfd: signals and timers are descriptors (signalfd, timerfd). Each
 * connection has a buffer that is filled and emptied at the same time, so that
 * end-of-file can come while bytes are still owed. accept + fcntl.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { SPACE = 8192, BATCH = 64 };

struct client {
    int fd;
    uint32_t armed;
    bool eof, done;
    size_t begin, end;
    struct client *next, *prev;
    struct client *grave;
    char data[SPACE];
};

enum {
    ON_LISTENER = 1,
    ON_SIGNAL,
    ON_TIMER
}; /* epoll data below any pointer */

static int ep, lfd, sfd, tfd;
static uint32_t et;
static struct client *clients, *graves;
static bool starved, stopping, expired;

static int control(int op, int fd, uint32_t events, void *ptr)
{
    struct epoll_event ev = {.events = events, .data.ptr = ptr};
    return epoll_ctl(ep, op, fd, &ev);
}

static void set_timer(long ms)
{
    struct itimerspec it = {.it_value = {ms / 1000, ms % 1000 * 1000000}};
    timerfd_settime(tfd, 0, &it, NULL);
}

static void listen_again(void)
{
    if (!starved || stopping)
        return;
    starved = false;
    control(EPOLL_CTL_MOD, lfd, EPOLLIN, (void *)ON_LISTENER);
}

/* Its memory is freed after the batch: an event for it may still be there. */
static void bury(struct client *c)
{
    if (c->done)
        return;
    c->done = true;
    close(c->fd);
    if (c->next)
        c->next->prev = c->prev;
    if (c->prev)
        c->prev->next = c->next;
    else
        clients = c->next;
    c->grave = graves;
    graves = c;
    listen_again();
}

static bool try_write(struct client *c)
{
    while (c->begin < c->end) {
        ssize_t n =
            send(c->fd, c->data + c->begin, c->end - c->begin, MSG_NOSIGNAL);
        if (n > 0)
            c->begin += n;
        else if (n < 0 && errno == EAGAIN)
            return true;
        else if (n < 0 && errno != EINTR)
            return false;
    }
    c->begin = c->end = 0;
    return true;
}

/* Returns false if the connection broke; *got says whether anything came. */
static bool try_read(struct client *c, bool *got)
{
    char waste[SPACE];
    char *to = stopping ? waste : c->data + c->end;
    size_t room = stopping ? sizeof waste : SPACE - c->end;
    *got = false;
    if (c->eof || room == 0)
        return true;
    ssize_t n = recv(c->fd, to, room, 0);
    if (n < 0)
        return errno == EAGAIN || (errno == EINTR && (*got = true));
    if (n == 0)
        c->eof = true;
    else if (!stopping)
        c->end += n;
    *got = n > 0;
    return true;
}

static void rearm(struct client *c)
{
    uint32_t want = et;
    if (!c->eof && (stopping || c->end < SPACE))
        want |= EPOLLIN;
    if (c->begin < c->end)
        want |= EPOLLOUT;
    if (want != c->armed && control(EPOLL_CTL_MOD, c->fd, want, c) == -1)
        bury(c);
    c->armed = want;
}

static void client_event(struct client *c)
{
    bool got;
    if (c->done)
        return;
    do {
        if (!try_read(c, &got) || !try_write(c)) {
            bury(c);
            return;
        }
    } while (et && got);
    if (c->begin == c->end && c->eof) {
        bury(c);
        return;
    }
    if (stopping && c->begin == c->end)
        shutdown(c->fd, SHUT_WR);
    rearm(c);
}

static void welcome(int fd)
{
    struct client *c = malloc(sizeof *c);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    if (c == NULL || control(EPOLL_CTL_ADD, fd, EPOLLIN | et, c) == -1) {
        close(fd);
        free(c);
        return;
    }
    c->fd = fd;
    c->armed = EPOLLIN | et;
    c->eof = c->done = false;
    c->begin = c->end = 0;
    c->prev = NULL;
    c->next = clients;
    if (clients)
        clients->prev = c;
    clients = c;
}

static void listener_event(void)
{
    for (int i = 0; i < BATCH && !stopping; i++) {
        int fd = accept(lfd, NULL, NULL);
        if (fd >= 0) {
            welcome(fd);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
            errno == ENOMEM) {
            starved = true;
            control(EPOLL_CTL_MOD, lfd, 0, (void *)ON_LISTENER);
            set_timer(100);
        }
        return;
    }
}

static void signal_event(void)
{
    struct signalfd_siginfo si;
    if (read(sfd, &si, sizeof si) != sizeof si || stopping)
        return;
    stopping = true;
    close(lfd);
    set_timer(1000);
    for (struct client *c = clients, *next; c; c = next) {
        next = c->next;
        if (c->begin == c->end)
            bury(c);
        else
            client_event(c);
    }
}

static void timer_event(void)
{
    uint64_t times;
    if (read(tfd, &times, sizeof times) != sizeof times)
        return;
    if (stopping)
        expired = true;
    listen_again();
}

static void dispatch(struct epoll_event *ev)
{
    switch (ev->data.u64) {
    case ON_LISTENER:
        listener_event();
        break;
    case ON_SIGNAL:
        signal_event();
        break;
    case ON_TIMER:
        timer_event();
        break;
    default:
        client_event(ev->data.ptr);
    }
}

static void empty_graves(void)
{
    while (graves) {
        struct client *c = graves;
        graves = c->grave;
        free(c);
    }
}

static void loop(void)
{
    struct epoll_event evs[BATCH];
    while (!expired && !(stopping && clients == NULL)) {
        int n = epoll_wait(ep, evs, BATCH, -1);
        for (int i = 0; i < n; i++)
            dispatch(&evs[i]);
        empty_graves();
    }
    while (clients)
        bury(clients);
    empty_graves();
}

static int prepare(uint16_t port)
{
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct rlimit rl;
    sigset_t mask;
    int yes = 1;
    sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    getrlimit(RLIMIT_NOFILE, &rl);
    rl.rlim_cur = rl.rlim_max;
    setrlimit(RLIMIT_NOFILE, &rl);
    sigemptyset(&mask);
    sigaddset(&mask, SIGINT);
    sigaddset(&mask, SIGTERM);
    sigprocmask(SIG_BLOCK, &mask, NULL);
    sfd = signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC);
    tfd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    ep = epoll_create1(EPOLL_CLOEXEC);
    lfd = socket(AF_INET, SOCK_STREAM, 0);
    if (sfd < 0 || tfd < 0 || ep < 0 || lfd < 0)
        return -1;
    fcntl(lfd, F_SETFL, O_NONBLOCK);
    fcntl(lfd, F_SETFD, FD_CLOEXEC);
    setsockopt(lfd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(lfd, (struct sockaddr *)&sa, sizeof sa) < 0 ||
        listen(lfd, SOMAXCONN) < 0)
        return -1;
    control(EPOLL_CTL_ADD, sfd, EPOLLIN, (void *)ON_SIGNAL);
    control(EPOLL_CTL_ADD, tfd, EPOLLIN, (void *)ON_TIMER);
    return control(EPOLL_CTL_ADD, lfd, EPOLLIN, (void *)ON_LISTENER);
}

static int port_number(const char *s)
{
    int port = 0;
    if (*s == '\0')
        return -1;
    for (; *s; s++) {
        if (*s < '0' || *s > '9')
            return -1;
        port = port * 10 + (*s - '0');
        if (port > 65535)
            return -1;
    }
    return port ? port : -1;
}

int main(int argc, char *argv[])
{
    int arg = 1;
    if (arg < argc && strcmp(argv[arg], "-e") == 0) {
        et = EPOLLET;
        arg++;
    }
    if (argc - arg != 1) {
        fputs("usage: echo_server [-e] PORT\n", stderr);
        return 2;
    }
    int port = port_number(argv[arg]);
    if (port == -1) {
        fprintf(stderr, "echo_server: bad port '%s'\n", argv[arg]);
        return 1;
    }
    if (prepare(port) == -1) {
        fprintf(stderr, "echo_server: port %d: %s\n", port, strerror(errno));
        return 1;
    }
    loop();
    return 0;
}
