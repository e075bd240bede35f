/* dontwait: the connections stay blocking, every call on them says
 * MSG_DONTWAIT; only the listener is O_NONBLOCK. A handler sets a flag;
 * epoll_pwait lets the signals in.
 */
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX = 60000 };

typedef struct link {
    struct link *before, *after;
    int socket;
    int waiting; /* the number of bytes that wait in `bytes` */
    char *bytes;
} link_t;

static int poller, door;
static bool edge, door_shut;
static link_t ring = {&ring, &ring, -1, 0, NULL};
static volatile sig_atomic_t signalled;

static void note(int sig)
{
    signalled = sig;
}

static bool arm(int op, link_t *l, uint32_t events)
{
    struct epoll_event e = {.events = events, .data.ptr = l};
    if (edge && l->socket != door)
        e.events |= EPOLLET;
    return epoll_ctl(poller, op, l->socket, &e) == 0;
}

static void hang_up(link_t *l)
{
    l->before->after = l->after;
    l->after->before = l->before;
    close(l->socket);
    free(l->bytes);
    free(l);
}

static bool passing(int error)
{
    return error == EAGAIN || error == EINTR;
}

/* A call that was interrupted has moved nothing; epoll_ctl asks once more. */
static bool answer(link_t *l)
{
    int n = send(l->socket, l->bytes, l->waiting, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n == -1)
        return passing(errno) && arm(EPOLL_CTL_MOD, l, EPOLLOUT);
    l->waiting -= n;
    if (l->waiting > 0) {
        memmove(l->bytes, l->bytes + n, l->waiting);
        return arm(EPOLL_CTL_MOD, l, EPOLLOUT);
    }
    free(l->bytes);
    l->bytes = NULL;
    if (signalled)
        shutdown(l->socket, SHUT_WR);
    return arm(EPOLL_CTL_MOD, l, EPOLLIN);
}

static bool listen_to(link_t *l)
{
    static char heard[MAX];
    int n;
    do {
        n = recv(l->socket, heard, MAX, MSG_DONTWAIT);
        if (n == -1 && errno == EAGAIN)
            return true;
        if (n == -1 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        if (signalled)
            continue;
        int said = send(l->socket, heard, n, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (said == -1 && !passing(errno))
            return false;
        said = said == -1 ? 0 : said;
        if (said == n)
            continue;
        l->waiting = n - said;
        l->bytes = malloc(l->waiting);
        if (l->bytes == NULL)
            return false;
        memcpy(l->bytes, heard + said, l->waiting);
        return arm(EPOLL_CTL_MOD, l, EPOLLOUT);
    } while (edge);
    return true;
}

static void open_door(link_t *at_door)
{
    int socket;
    while ((socket = accept(door, NULL, NULL)) != -1) {
        link_t *l = calloc(1, sizeof *l);
        if (l == NULL) {
            close(socket);
            continue;
        }
        *l = (link_t){ring.before, &ring, socket, 0, NULL};
        l->before->after = ring.before = l;
        if (!arm(EPOLL_CTL_ADD, l, EPOLLIN))
            hang_up(l);
    }
    bool full = errno != EAGAIN && errno != EINTR && errno != ECONNABORTED;
    if (full != door_shut)
        arm(EPOLL_CTL_MOD, at_door, full ? 0 : EPOLLIN);
    door_shut = full;
}

static void turn(link_t *at_door, int patience, const sigset_t *mask)
{
    struct epoll_event got[300];
    int n = epoll_pwait(poller, got, 300, patience, mask);
    for (int i = 0; i < n; i++) {
        link_t *l = got[i].data.ptr;
        if (l == at_door)
            open_door(at_door);
        else if (!(l->bytes ? answer(l) : listen_to(l)))
            hang_up(l);
    }
    if (door_shut && !signalled)
        open_door(at_door);
}

static int milliseconds_since(const struct timespec *t)
{
    struct timespec u;
    clock_gettime(CLOCK_MONOTONIC, &u);
    return (u.tv_sec - t->tv_sec) * 1000 + (u.tv_nsec - t->tv_nsec) / 1000000;
}

static void finish(link_t *at_door, const sigset_t *mask)
{
    struct timespec start;
    clock_gettime(CLOCK_MONOTONIC, &start);
    close(door);
    for (link_t *l = ring.after, *after; l != &ring; l = after) {
        int unacknowledged = 0;
        after = l->after;
        ioctl(l->socket, TIOCOUTQ, &unacknowledged);
        if (l->bytes == NULL && unacknowledged == 0)
            hang_up(l);
        else if (l->bytes == NULL)
            shutdown(l->socket, SHUT_WR);
    }
    while (ring.after != &ring && milliseconds_since(&start) < 900)
        turn(at_door, 100, mask);
    while (ring.after != &ring)
        hang_up(ring.after);
}

/* Under constant load epoll_pwait never sleeps and never takes a signal. */
static void look_for_signals(void)
{
    sigset_t set;
    sigpending(&set);
    if (sigismember(&set, SIGTERM) || sigismember(&set, SIGINT))
        signalled = 1;
}

static sigset_t hold_signals(void)
{
    struct sigaction action = {.sa_handler = note};
    sigset_t set, mask;
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, &mask);
    sigdelset(&mask, SIGTERM);
    sigdelset(&mask, SIGINT);
    return mask;
}

static void make_door(unsigned short port)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(port)};
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    door = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (bind(door, (struct sockaddr *)&here, sizeof here) == -1 ||
        listen(door, SOMAXCONN) == -1)
        err(1, "port %d", port);
}

int main(int argc, char *argv[])
{
    unsigned port = 0;
    struct rlimit files;
    edge = argc >= 2 && !strcmp(argv[1], "-e");
    if (argc != (edge ? 3 : 2))
        errx(2, "usage: %s [-e] PORT", argv[0]);
    const char *text = argv[argc - 1];
    if (strspn(text, "0123456789") != strlen(text) || strlen(text) > 5)
        errx(1, "%s is not a port", text);
    port = strtoul(text, NULL, 10);
    if (port == 0 || port > 65535)
        errx(1, "port %s is out of range", text);
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    sigset_t mask = hold_signals();
    make_door(port);
    poller = epoll_create1(EPOLL_CLOEXEC);
    link_t at_door = {NULL, NULL, door, 0, NULL};
    if (poller == -1 || !arm(EPOLL_CTL_ADD, &at_door, EPOLLIN))
        err(1, "epoll");
    while (!signalled) {
        turn(&at_door, door_shut ? 100 : -1, &mask);
        look_for_signals();
    }
    finish(&at_door, &mask);
    return 0;
}
