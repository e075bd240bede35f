/* sigwait_thread: a second thread does nothing but wait for a signal, and then
 * writes to an eventfd that the loop watches. The listener is edge-triggered
 * with -e, too.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

struct client {
    int fd;
    int blocked; /* output is full: only EPOLLOUT is watched */
    size_t length;
    struct client *left, *right;
    char *data; /* 4 KiB, from the first byte on until all is sent */
};

static const size_t DATA_SIZE = 4096;
static struct client list = {.left = &list, .right = &list};
static int epfd, acceptor, stop_fd;
static unsigned mode;
static int acceptor_blocked, finishing;

static int event_set(int op, int fd, unsigned events, void *ptr)
{
    struct epoll_event ev = {.events = events | mode, .data.ptr = ptr};
    return epoll_ctl(epfd, op, fd, &ev);
}

static void client_delete(struct client *c)
{
    c->left->right = c->right;
    c->right->left = c->left;
    close(c->fd);
    free(c->data);
    free(c);
}

static int client_output(struct client *c)
{
    size_t sent = 0;
    int result = 0;
    while (sent < c->length) {
        ssize_t n = send(c->fd, c->data + sent, c->length - sent, MSG_NOSIGNAL);
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1) {
            result = errno == EAGAIN ? 0 : -1;
            break;
        }
        sent += n;
    }
    c->length -= sent;
    memmove(c->data, c->data + sent, c->length);
    if (finishing && c->length == 0)
        shutdown(c->fd, SHUT_WR);
    return result;
}

/* Returns what recv returned; -1 with EAGAIN is no error. */
static ssize_t client_input(struct client *c)
{
    if (c->data == NULL && (c->data = malloc(DATA_SIZE)) == NULL)
        return -1;
    ssize_t n;
    do
        n = recv(c->fd, c->data, DATA_SIZE, 0);
    while (n == -1 && errno == EINTR);
    if (n > 0 && !finishing)
        c->length = n;
    return n;
}

static int client_run(struct client *c)
{
    for (;;) {
        if (c->length > 0 && client_output(c) == -1)
            return -1;
        if (c->length > 0)
            return 0;
        ssize_t n = client_input(c);
        if (n == 0)
            return -1;
        if (n == -1) {
            free(c->data);
            c->data = NULL;
            return errno == EAGAIN ? 0 : -1;
        }
        if (mode == 0) {
            int result = client_output(c);
            if (c->length == 0) {
                free(c->data);
                c->data = NULL;
            }
            return result;
        }
    }
}

static void client_event(struct client *c)
{
    int result = client_run(c);
    int blocked = c->length > 0;
    if (result == 0 && blocked != c->blocked) {
        c->blocked = blocked;
        result =
            event_set(EPOLL_CTL_MOD, c->fd, blocked ? EPOLLOUT : EPOLLIN, c);
    }
    if (result == -1)
        client_delete(c);
}

static void client_create(int fd)
{
    struct client *c = calloc(1, sizeof *c);
    if (c == NULL || event_set(EPOLL_CTL_ADD, fd, EPOLLIN, c) == -1) {
        free(c);
        close(fd);
        return;
    }
    c->fd = fd;
    c->left = &list;
    c->right = list.right;
    c->left->right = c->right->left = c;
}

static void acceptor_event(void)
{
    for (;;) {
        int fd = accept4(acceptor, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd != -1) {
            client_create(fd);
            continue;
        }
        switch (errno) {
        case EMFILE:
        case ENFILE:
        case ENOBUFS:
        case ENOMEM:
            event_set(EPOLL_CTL_MOD, acceptor, 0, &acceptor);
            acceptor_blocked = 1;
            return;
        case EINTR:
        case ECONNABORTED:
            continue;
        default:
            return;
        }
    }
}

static void turn(int timeout)
{
    struct epoll_event evs[64];
    int was_blocked = acceptor_blocked;
    int stop = 0;
    int n = epoll_wait(epfd, evs, COUNT(evs), timeout);
    for (int i = 0; i < n; i++) {
        if (evs[i].data.ptr == &acceptor)
            acceptor_event();
        else if (evs[i].data.ptr == &stop_fd)
            stop = 1;
        else
            client_event(evs[i].data.ptr);
    }
    if (was_blocked && !finishing) {
        acceptor_blocked = 0;
        event_set(EPOLL_CTL_MOD, acceptor, EPOLLIN, &acceptor);
    }
    if (stop && !finishing) {
        finishing = 1;
        epoll_ctl(epfd, EPOLL_CTL_DEL, stop_fd, NULL);
        close(acceptor);
    }
}

static long long now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static void loop(void)
{
    while (!finishing)
        turn(acceptor_blocked ? 100 : -1);
    for (struct client *c = list.right, *next; c != &list; c = next) {
        next = c->right;
        if (c->length == 0)
            client_delete(c);
    }
    long long end = now() + 1000;
    while (list.right != &list && now() < end)
        turn(50);
    while (list.right != &list)
        client_delete(list.right);
}

static void *wait_for_signal(void *arg)
{
    int sig;
    sigwait(arg, &sig);
    eventfd_write(stop_fd, 1);
    return NULL;
}

static int listen_on(const char *port)
{
    struct sockaddr_in sin = {.sin_family = AF_INET,
                              .sin_port = htons(atoi(port))};
    int on = 1;
    inet_pton(AF_INET, "127.0.0.1", &sin.sin_addr);
    acceptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (acceptor == -1)
        return -1;
    setsockopt(acceptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(acceptor, (struct sockaddr *)&sin, sizeof sin) == -1)
        return -1;
    return listen(acceptor, SOMAXCONN);
}

static int good_port(const char *s)
{
    size_t digits = strspn(s, "0123456789");
    return digits > 0 && digits < 6 && s[digits] == '\0' && atoi(s) > 0 &&
           atoi(s) < 65536;
}

int main(int argc, char **argv)
{
    pthread_t waiter;
    sigset_t set;
    struct rlimit lim;
    int c;

    while ((c = getopt(argc, argv, "e")) != -1) {
        if (c == '?')
            return 2;
        mode = EPOLLET;
    }
    argv += optind;
    if (argc - optind != 1) {
        fprintf(stderr, "usage: echo_server [-e] PORT\n");
        return 2;
    }
    if (!good_port(argv[0])) {
        fprintf(stderr, "echo_server: %s: not a port number\n", argv[0]);
        return 1;
    }
    getrlimit(RLIMIT_NOFILE, &lim);
    lim.rlim_cur = lim.rlim_max;
    setrlimit(RLIMIT_NOFILE, &lim);
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    epfd = epoll_create1(EPOLL_CLOEXEC);
    stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (listen_on(argv[0]) == -1) {
        fprintf(stderr, "echo_server: %s: %s\n", argv[0], strerror(errno));
        return 1;
    }
    event_set(EPOLL_CTL_ADD, stop_fd, EPOLLIN, &stop_fd);
    event_set(EPOLL_CTL_ADD, acceptor, EPOLLIN, &acceptor);
    if (pthread_create(&waiter, NULL, wait_for_signal, &set) != 0) {
        fprintf(stderr, "echo_server: cannot start a thread\n");
        return 1;
    }
    loop();
    pthread_join(waiter, NULL);
    close(epfd);
    return 0;
}
