/* self_pipe: the handler writes a byte to a pipe that epoll watches. Bytes that
 * do not fit wait in a chain of blocks; above HIGH of them the peer is not read
 * from, below LOW it is again. Reading and writing go on at the same time.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 16384, HIGH = 65536, LOW = 16384 };

struct block {
    STAILQ_ENTRY(block) next;
    size_t begin, end;
    char data[];
};

struct session {
    TAILQ_ENTRY(session) all;
    STAILQ_HEAD(, block) queue;
    size_t queued;
    int fd;
    uint32_t events;
    int eof;
};

static TAILQ_HEAD(, session) sessions = TAILQ_HEAD_INITIALIZER(sessions);
static int epoll_fd = -1, listen_fd = -1, wake[2] = {-1, -1};
static uint32_t trigger;
static int listener_off, quitting;
static int64_t deadline;

static void handler(int sig)
{
    int saved = errno;
    char byte = (char)sig;
    ssize_t ignored = write(wake[1], &byte, 1);
    (void)ignored;
    errno = saved;
}

static int64_t now(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int set(int op, int fd, uint32_t events, void *who)
{
    struct epoll_event ev;
    memset(&ev, 0, sizeof ev);
    ev.events = events;
    ev.data.ptr = who;
    return epoll_ctl(epoll_fd, op, fd, &ev);
}

static void listener_on(void)
{
    if (listener_off && set(EPOLL_CTL_ADD, listen_fd, EPOLLIN, &listen_fd) == 0)
        listener_off = 0;
}

static void end_session(struct session *s)
{
    struct block *b;
    TAILQ_REMOVE(&sessions, s, all);
    set(EPOLL_CTL_DEL, s->fd, 0, NULL);
    close(s->fd);
    while ((b = STAILQ_FIRST(&s->queue)) != NULL) {
        STAILQ_REMOVE_HEAD(&s->queue, next);
        free(b);
    }
    free(s);
}

static ssize_t give(int fd, const char *p, size_t n)
{
    ssize_t k;
    do
        k = send(fd, p, n, MSG_NOSIGNAL);
    while (k == -1 && errno == EINTR);
    return k == -1 && errno == EAGAIN ? 0 : k;
}

static int append(struct session *s, const char *p, size_t n)
{
    struct block *b = malloc(sizeof *b + n);
    if (b == NULL)
        return -1;
    b->begin = 0;
    b->end = n;
    memcpy(b->data, p, n);
    STAILQ_INSERT_TAIL(&s->queue, b, next);
    s->queued += n;
    return 0;
}

static int write_queue(struct session *s)
{
    struct block *b;
    while ((b = STAILQ_FIRST(&s->queue)) != NULL) {
        ssize_t k = give(s->fd, b->data + b->begin, b->end - b->begin);
        if (k <= 0)
            return (int)k;
        b->begin += k;
        s->queued -= k;
        if (b->begin < b->end)
            continue;
        STAILQ_REMOVE_HEAD(&s->queue, next);
        free(b);
    }
    return 0;
}

/* Reads once, or up to the high mark when edge-triggered. */
static int read_input(struct session *s)
{
    static char input[BLOCK];
    while (!s->eof && s->queued < HIGH) {
        ssize_t k = 0, n = recv(s->fd, input, sizeof input, 0);
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            return errno == EAGAIN ? 0 : -1;
        if (n == 0)
            s->eof = 1;
        else if (!quitting && s->queued == 0)
            k = give(s->fd, input, n);
        if (k == -1 || (!quitting && k < n && append(s, input + k, n - k)))
            return -1;
        if (!trigger)
            break;
    }
    return 0;
}

static uint32_t interest(const struct session *s)
{
    uint32_t in = s->events & EPOLLIN;
    if (s->queued >= HIGH || s->eof)
        in = 0;
    else if (s->queued <= LOW)
        in = EPOLLIN;
    return in | (s->queued > 0 ? EPOLLOUT : 0);
}

static void session_event(struct session *s, uint32_t events)
{
    int bad = 0;
    if (events & (EPOLLOUT | EPOLLERR | EPOLLHUP))
        bad = write_queue(s);
    if (!bad && (events & (EPOLLIN | EPOLLERR | EPOLLHUP)))
        bad = read_input(s);
    if (bad || (s->eof && s->queued == 0)) {
        end_session(s);
        return;
    }
    if (quitting && s->queued == 0)
        shutdown(s->fd, SHUT_WR);
    uint32_t want = interest(s);
    if (want != s->events || (trigger && s->queued >= HIGH)) {
        s->events = want;
        if (set(EPOLL_CTL_MOD, s->fd, want | trigger, s) == -1)
            end_session(s);
    }
}

static void new_session(int fd)
{
    struct session *s = calloc(1, sizeof *s);
    if (s == NULL || set(EPOLL_CTL_ADD, fd, EPOLLIN | trigger, s) == -1) {
        free(s);
        close(fd);
        return;
    }
    s->fd = fd;
    s->events = EPOLLIN;
    STAILQ_INIT(&s->queue);
    TAILQ_INSERT_TAIL(&sessions, s, all);
}

static void accept_sessions(void)
{
    for (int tries = 0; tries < 1000; tries++) {
        int fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            new_session(fd);
            continue;
        }
        switch (errno) {
        case EMFILE:
        case ENFILE:
        case ENOBUFS:
        case ENOMEM:
            set(EPOLL_CTL_DEL, listen_fd, 0, NULL);
            listener_off = 1;
            return;
        case EAGAIN:
            return;
        }
    }
}

static void quit(void)
{
    char bytes[16];
    struct session *s, *next;
    while (read(wake[0], bytes, sizeof bytes) > 0)
        ;
    if (quitting)
        return;
    quitting = 1;
    deadline = now() + 1000;
    close(listen_fd);
    for (s = TAILQ_FIRST(&sessions); s != NULL; s = next) {
        next = TAILQ_NEXT(s, all);
        if (s->queued == 0)
            end_session(s);
    }
}

/* Quitting ends sessions; done last, no event of this batch is about them. */
static void one_turn(int timeout)
{
    struct epoll_event evs[200];
    int quit_now = 0, was_off = listener_off;
    int n = epoll_wait(epoll_fd, evs, 200, timeout);
    for (int i = 0; i < n; i++) {
        if (evs[i].data.ptr == &listen_fd)
            accept_sessions();
        else if (evs[i].data.ptr == &wake)
            quit_now = 1;
        else
            session_event(evs[i].data.ptr, evs[i].events);
    }
    if (quit_now)
        quit();
    else if (was_off && !quitting) /* off for one wait at least: no spinning */
        listener_on();
}

static int open_all(int port)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(port)};
    int one = 1;
    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (pipe2(wake, O_NONBLOCK | O_CLOEXEC) == -1)
        return -1;
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (epoll_fd == -1 || listen_fd == -1)
        return -1;
    struct sigaction sa = {.sa_handler = handler};
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGINT, &sa, NULL);
    setsockopt(listen_fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listen_fd, (struct sockaddr *)&addr, sizeof addr) == -1)
        return -1;
    if (listen(listen_fd, 1024) == -1)
        return -1;
    if (set(EPOLL_CTL_ADD, wake[0], EPOLLIN, &wake) == -1)
        return -1;
    return set(EPOLL_CTL_ADD, listen_fd, EPOLLIN, &listen_fd);
}

int main(int argc, char *argv[])
{
    struct rlimit r;
    int opt;
    while ((opt = getopt(argc, argv, "e")) != -1) {
        if (opt != 'e')
            return 2;
        trigger = EPOLLET;
    }
    if (optind != argc - 1) {
        fprintf(stderr, "usage: %s [-e] PORT\n", argv[0]);
        return 2;
    }
    char *end;
    const char *text = argv[optind];
    long port = strtol(text, &end, 10);
    if (end == text || *end != '\0' || port < 1 || port > 65535) {
        fprintf(stderr, "%s: invalid port: %s\n", argv[0], text);
        return EXIT_FAILURE;
    }
    if (getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur < r.rlim_max) {
        r.rlim_cur = r.rlim_max;
        setrlimit(RLIMIT_NOFILE, &r);
    }
    if (open_all(port) == -1) {
        fprintf(stderr, "%s: port %ld: %s\n", argv[0], port, strerror(errno));
        return EXIT_FAILURE;
    }
    while (!quitting)
        one_turn(listener_off ? 100 : -1);
    while (!TAILQ_EMPTY(&sessions) && now() < deadline)
        one_turn((int)(deadline - now() > 0 ? deadline - now() : 0));
    while (!TAILQ_EMPTY(&sessions))
        end_session(TAILQ_FIRST(&sessions));
    return EXIT_SUCCESS;
}
