/* oneshot: every registration is EPOLLONESHOT and is armed again after each
 * event, the listener included: what is not armed cannot disturb. The signal
 * handler writes to an eventfd.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
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

enum { CHUNK = 65536 };

struct peer {
    int fd;
    char *pending;
    size_t done, size;
    struct peer *next, **link;
};

static int ep, listener, stop_event;
static uint32_t extra = EPOLLONESHOT;
static struct peer *peers;
static bool listener_asleep, stopping;
static char chunk[CHUNK];

static void on_stop(int sig)
{
    int saved = errno;
    (void)sig;
    eventfd_write(stop_event, 1);
    errno = saved;
}

static bool arm(int op, int fd, uint32_t events, void *data)
{
    struct epoll_event e = {.events = events | extra, .data.ptr = data};
    return epoll_ctl(ep, op, fd, &e) == 0;
}

static void remove_peer(struct peer *p)
{
    *p->link = p->next;
    if (p->next)
        p->next->link = p->link;
    close(p->fd);
    free(p->pending);
    free(p);
}

static void add_peer(int fd)
{
    struct peer *p = calloc(1, sizeof *p);
    if (p == NULL) {
        close(fd);
        return;
    }
    p->fd = fd;
    p->next = peers;
    p->link = &peers;
    if (peers)
        peers->link = &p->next;
    peers = p;
    if (!arm(EPOLL_CTL_ADD, fd, EPOLLIN, p))
        remove_peer(p);
}

static ssize_t write_once(int fd, const char *data, size_t size)
{
    ssize_t n;
    do
        n = send(fd, data, size, MSG_NOSIGNAL);
    while (n == -1 && errno == EINTR);
    if (n == -1 && errno == EAGAIN)
        return 0;
    return n;
}

static bool write_pending(struct peer *p)
{
    ssize_t n = write_once(p->fd, p->pending + p->done, p->size - p->done);
    if (n == -1)
        return false;
    p->done += n;
    if (p->done == p->size) {
        free(p->pending);
        p->pending = NULL;
        if (stopping)
            shutdown(p->fd, SHUT_WR);
    }
    return true;
}

static bool read_new(struct peer *p)
{
    ssize_t n;
    do
        n = recv(p->fd, chunk, sizeof chunk, 0);
    while (n == -1 && errno == EINTR);
    if (n == -1)
        return errno == EAGAIN;
    if (n == 0)
        return false;
    if (stopping)
        return true;
    ssize_t sent = write_once(p->fd, chunk, n);
    if (sent == -1)
        return false;
    if (sent < n) {
        p->pending = malloc(n - sent);
        if (p->pending == NULL)
            return false;
        memcpy(p->pending, chunk + sent, n - sent);
        p->done = 0;
        p->size = n - sent;
    }
    return true;
}

/* To arm again tells of what is there already, also when edge-triggered. */
static void peer_event(struct peer *p)
{
    bool good = p->pending ? write_pending(p) : read_new(p);
    uint32_t next = p->pending ? EPOLLOUT : EPOLLIN;
    if (!good || !arm(EPOLL_CTL_MOD, p->fd, next, p))
        remove_peer(p);
}

static void listener_event(void)
{
    for (int i = 0; i < 256; i++) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd != -1) {
            add_peer(fd);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
            errno == ENOMEM)
            listener_asleep = true;
        break;
    }
    if (!listener_asleep)
        arm(EPOLL_CTL_MOD, listener, EPOLLIN, &listener);
}

static void turn(int timeout)
{
    struct epoll_event e[256];
    bool asleep = listener_asleep;
    int n = epoll_wait(ep, e, 256, timeout);
    for (int i = 0; i < n; i++) {
        void *p = e[i].data.ptr;
        if (p == &stop_event)
            stopping = true;
        else if (p != &listener)
            peer_event(p);
        else if (!stopping)
            listener_event();
    }
    if (asleep && !stopping) {
        listener_asleep = false;
        arm(EPOLL_CTL_MOD, listener, EPOLLIN, &listener);
    }
}

static long elapsed_ms(const struct timespec *since)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (now.tv_sec - since->tv_sec) * 1000L +
           (now.tv_nsec - since->tv_nsec) / 1000000L;
}

static void wind_up(void)
{
    struct timespec start;
    long left;
    struct peer *p, *next;
    clock_gettime(CLOCK_MONOTONIC, &start);
    close(listener);
    for (p = peers; p; p = next) {
        next = p->next;
        if (p->pending == NULL)
            remove_peer(p);
    }
    while (peers && (left = 1000 - elapsed_ms(&start)) > 0)
        turn((int)left);
    while (peers)
        remove_peer(peers);
}

static bool open_everything(int port)
{
    struct sigaction sa = {.sa_handler = on_stop, .sa_flags = SA_RESTART};
    struct sockaddr_in a;
    int one = 1;
    ep = epoll_create1(EPOLL_CLOEXEC);
    stop_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (ep == -1 || stop_event == -1 || listener == -1)
        return false;
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGINT, &sa, NULL);
    memset(&a, 0, sizeof a);
    a.sin_family = AF_INET;
    a.sin_port = htons(port);
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    return bind(listener, (struct sockaddr *)&a, sizeof a) == 0 &&
           listen(listener, SOMAXCONN) == 0 &&
           arm(EPOLL_CTL_ADD, stop_event, EPOLLIN, &stop_event) &&
           arm(EPOLL_CTL_ADD, listener, EPOLLIN, &listener);
}

int main(int argc, char *argv[])
{
    struct rlimit r;
    char *end = "", *port;
    if (argc == 3 && strcmp(argv[1], "-e") == 0)
        extra |= EPOLLET;
    else if (argc != 2 || strcmp(argv[1], "-e") == 0)
        return fprintf(stderr, "usage: echo_server [-e] PORT\n"), 2;
    port = argv[argc - 1];
    long number = strtol(port, &end, 10);
    if (end == port || *end != '\0' || number < 1 || number > 65535)
        return fprintf(stderr, "echo_server: bad port %s\n", port), 1;
    getrlimit(RLIMIT_NOFILE, &r);
    r.rlim_cur = r.rlim_max;
    setrlimit(RLIMIT_NOFILE, &r);
    if (!open_everything((int)number)) {
        perror("echo_server");
        return 1;
    }
    while (!stopping)
        turn(listener_asleep ? 100 : -1);
    wind_up();
    return 0;
}
