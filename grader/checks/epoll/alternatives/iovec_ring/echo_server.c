/* iovec_ring: a ring buffer per connection, readv and writev around its end,
 * fcntl instead of accept4, SIGPIPE ignored; names as a C++ programmer would
 * choose them. A ring exists only while a connection is busy.
 */
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
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define RING_SIZE 16384u /* a power of two */
#define LISTENER_TAG UINT64_MAX

typedef struct RingBuffer {
    unsigned head; /* read from here, */
    unsigned tail; /* written to here; both only grow */
    char bytes[RING_SIZE];
} RingBuffer;

typedef struct Connection {
    RingBuffer *ring;
    int fd;
    unsigned interest;
    bool inputEnded;
} Connection;

typedef struct Server {
    int epollFd;
    int listenFd;
    unsigned edgeFlag;
    bool acceptSuspended;
    bool draining;
    Connection **table; /* by descriptor */
    size_t tableSize;
    size_t connectionCount;
    RingBuffer *spareRing;
    sigset_t waitMask;
} Server;

static volatile sig_atomic_t gShutdownRequested = 0;

static void handleShutdownSignal(int signalNumber)
{
    (void)signalNumber;
    gShutdownRequested = 1;
}

static unsigned RingBuffer_used(const RingBuffer *self)
{
    return self->tail - self->head;
}

/* Describes `count` bytes from position `from` as one or two pieces. */
static int RingBuffer_pieces(RingBuffer *self, unsigned from, unsigned count,
                             struct iovec pieces[2])
{
    unsigned offset = from & (RING_SIZE - 1);
    unsigned first = RING_SIZE - offset < count ? RING_SIZE - offset : count;
    pieces[0] = (struct iovec){self->bytes + offset, first};
    pieces[1] = (struct iovec){self->bytes, count - first};
    return count > first ? 2 : 1;
}

static ssize_t RingBuffer_readFrom(RingBuffer *self, int fd)
{
    struct iovec pieces[2];
    unsigned room = RING_SIZE - RingBuffer_used(self);
    int count = RingBuffer_pieces(self, self->tail, room, pieces);
    ssize_t n = readv(fd, pieces, count);
    if (n > 0)
        self->tail += (unsigned)n;
    return n;
}

static ssize_t RingBuffer_writeTo(RingBuffer *self, int fd)
{
    struct iovec pieces[2];
    unsigned used = RingBuffer_used(self);
    int count = RingBuffer_pieces(self, self->head, used, pieces);
    ssize_t n = writev(fd, pieces, count);
    if (n > 0)
        self->head += (unsigned)n;
    return n;
}

static int Server_control(Server *self, int operation, int fd, unsigned events,
                          uint64_t tag)
{
    struct epoll_event event = {.events = events, .data.u64 = tag};
    return epoll_ctl(self->epollFd, operation, fd, &event);
}

static bool setNonBlockingCloseOnExec(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    return flags != -1 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) != -1 &&
           fcntl(fd, F_SETFD, FD_CLOEXEC) != -1;
}

static bool Connection_takeRing(Connection *self, Server *server)
{
    if (self->ring != NULL)
        return true;
    self->ring = server->spareRing;
    server->spareRing = NULL;
    if (self->ring == NULL)
        self->ring = malloc(sizeof *self->ring);
    if (self->ring != NULL)
        self->ring->head = self->ring->tail = 0;
    return self->ring != NULL;
}

static void Connection_returnRing(Connection *self, Server *server)
{
    free(server->spareRing);
    server->spareRing = self->ring;
    self->ring = NULL;
}

static bool Connection_write(Connection *self)
{
    while (RingBuffer_used(self->ring) > 0)
        if (RingBuffer_writeTo(self->ring, self->fd) == -1 && errno != EINTR)
            return errno == EAGAIN;
    return true;
}

static bool Connection_read(Connection *self, bool *progress)
{
    ssize_t n = RingBuffer_readFrom(self->ring, self->fd);
    *progress = n > 0 || (n == -1 && errno == EINTR);
    if (n == 0)
        self->inputEnded = true;
    return n >= 0 || errno == EAGAIN || errno == EINTR;
}

/* One round, or as many as there is input for when edge-triggered. */
static bool Connection_transfer(Connection *self, Server *server)
{
    bool progress = true;
    bool once = server->edgeFlag == 0;
    while (progress && !self->inputEnded) {
        if (!Connection_write(self))
            return false;
        if (RingBuffer_used(self->ring) == RING_SIZE)
            return true;
        if (!Connection_read(self, &progress))
            return false;
        if (server->draining)
            self->ring->tail = self->ring->head;
        if (once)
            break;
    }
    return Connection_write(self);
}

static void Server_close(Server *self, Connection *connection)
{
    self->table[connection->fd] = NULL;
    self->connectionCount--;
    close(connection->fd);
    free(connection->ring);
    free(connection);
}

static bool Connection_updateInterest(Connection *self, Server *server)
{
    bool unsent = self->ring != NULL && RingBuffer_used(self->ring) > 0;
    bool full = unsent && RingBuffer_used(self->ring) == RING_SIZE;
    unsigned wanted = unsent ? EPOLLOUT : 0;
    if (!self->inputEnded && !full)
        wanted |= EPOLLIN;
    if (wanted == self->interest)
        return true;
    self->interest = wanted;
    return Server_control(server, EPOLL_CTL_MOD, self->fd,
                          wanted | server->edgeFlag, (uint64_t)self->fd) == 0;
}

static void Server_handleConnection(Server *self, int fd)
{
    Connection *connection = self->table[fd];
    if (connection == NULL)
        return;
    bool alive = Connection_takeRing(connection, self);
    if (alive && self->draining) { /* nothing is read into a drained ring */
        alive = Connection_write(connection);
        if (alive && RingBuffer_used(connection->ring) > 0)
            return;
        shutdown(fd, SHUT_WR);
    }
    alive = alive && Connection_transfer(connection, self);
    if (alive && RingBuffer_used(connection->ring) == 0) {
        Connection_returnRing(connection, self);
        alive = !connection->inputEnded;
    }
    if (!alive || !Connection_updateInterest(connection, self))
        Server_close(self, connection);
}

static bool Server_growTable(Server *self, int fd)
{
    size_t size = self->tableSize;
    while ((size_t)fd >= size)
        size = size ? size * 2 : 64;
    if (size == self->tableSize)
        return true;
    Connection **table = realloc(self->table, size * sizeof *table);
    if (table == NULL)
        return false;
    memset(table + self->tableSize, 0,
           (size - self->tableSize) * sizeof *table);
    self->table = table;
    self->tableSize = size;
    return true;
}

static void Server_adopt(Server *self, int fd)
{
    Connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL || !setNonBlockingCloseOnExec(fd) ||
        !Server_growTable(self, fd) ||
        Server_control(self, EPOLL_CTL_ADD, fd, EPOLLIN | self->edgeFlag,
                       (uint64_t)fd) == -1) {
        free(connection);
        close(fd);
        return;
    }
    connection->fd = fd;
    connection->interest = EPOLLIN;
    self->table[fd] = connection;
    self->connectionCount++;
}

static void Server_watchListener(Server *self, bool watch)
{
    Server_control(self, EPOLL_CTL_MOD, self->listenFd, watch ? EPOLLIN : 0,
                   LISTENER_TAG);
    self->acceptSuspended = !watch;
}

static bool isOutOfResources(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS ||
           error == ENOMEM;
}

static void Server_handleListener(Server *self)
{
    for (;;) {
        int fd = accept(self->listenFd, NULL, NULL);
        if (fd >= 0) {
            Server_adopt(self, fd);
        } else if (isOutOfResources(errno)) {
            if (!self->acceptSuspended)
                Server_watchListener(self, false);
            return;
        } else {
            if (self->acceptSuspended)
                Server_watchListener(self, true);
            return;
        }
    }
}

static void Server_takePendingSignals(void)
{
    sigset_t pending;
    sigpending(&pending);
    if (sigismember(&pending, SIGTERM) || sigismember(&pending, SIGINT))
        gShutdownRequested = 1;
}

static void Server_turn(Server *self, int timeout)
{
    struct epoll_event events[512];
    int count =
        epoll_pwait(self->epollFd, events, 512, timeout, &self->waitMask);
    for (int i = 0; i < count; i++) {
        if (events[i].data.u64 == LISTENER_TAG)
            Server_handleListener(self);
        else
            Server_handleConnection(self, (int)events[i].data.u64);
    }
    if (self->acceptSuspended)
        Server_handleListener(self);
    Server_takePendingSignals();
}

static long remainingMilliseconds(const struct timespec *end)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    long remaining = (end->tv_sec - now.tv_sec) * 1000 +
                     (end->tv_nsec - now.tv_nsec) / 1000000;
    return remaining > 0 ? remaining : 0;
}

static void Server_closeAll(Server *self, bool idleOnly)
{
    for (size_t i = 0; i < self->tableSize; i++)
        if (self->table[i] && !(idleOnly && self->table[i]->ring != NULL))
            Server_close(self, self->table[i]);
}

static void Server_drain(Server *self)
{
    struct timespec end;
    long remaining;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec++;
    close(self->listenFd);
    self->acceptSuspended = false;
    self->draining = true;
    Server_closeAll(self, true);
    while (self->connectionCount > 0 &&
           (remaining = remainingMilliseconds(&end)) > 0)
        Server_turn(self, (int)remaining);
    Server_closeAll(self, false);
    free(self->spareRing);
    free(self->table);
}

static bool Server_open(Server *self, unsigned short port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(port)};
    int enable = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    self->epollFd = epoll_create1(EPOLL_CLOEXEC);
    self->listenFd = socket(AF_INET, SOCK_STREAM, 0);
    return self->epollFd != -1 && self->listenFd != -1 &&
           setNonBlockingCloseOnExec(self->listenFd) &&
           setsockopt(self->listenFd, SOL_SOCKET, SO_REUSEADDR, &enable,
                      sizeof enable) == 0 &&
           bind(self->listenFd, (struct sockaddr *)&address, sizeof address) ==
               0 &&
           listen(self->listenFd, 4096) == 0 &&
           Server_control(self, EPOLL_CTL_ADD, self->listenFd, EPOLLIN,
                          LISTENER_TAG) == 0;
}

static void Server_prepareSignals(Server *self)
{
    struct sigaction action = {.sa_handler = handleShutdownSignal};
    sigset_t blocked;
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGINT);
    sigprocmask(SIG_BLOCK, &blocked, &self->waitMask);
    sigdelset(&self->waitMask, SIGTERM);
    sigdelset(&self->waitMask, SIGINT);
}

static int parsePort(const char *text)
{
    char *end = NULL;
    long port = strtol(text, &end, 10);
    return end != text && *end == '\0' && port > 0 && port < 65536 ? (int)port
                                                                   : -1;
}

int main(int argc, char *argv[])
{
    Server server = {.epollFd = -1};
    bool edge = argc == 3 && strcmp(argv[1], "-e") == 0;
    if (argc != 2 + edge || strcmp(argv[argc - 1], "-e") == 0) {
        fprintf(stderr, "Usage: %s [-e] PORT\n", argv[0]);
        return 2;
    }
    int port = parsePort(argv[argc - 1]);
    if (port == -1) {
        fprintf(stderr, "%s: invalid port\n", argv[0]);
        return 1;
    }
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    server.edgeFlag = edge ? EPOLLET : 0;
    Server_prepareSignals(&server);
    if (!Server_open(&server, (unsigned short)port)) {
        perror("echo_server: cannot open the server");
        return 1;
    }
    while (!gShutdownRequested)
        Server_turn(&server, server.acceptSuspended ? 100 : -1);
    Server_drain(&server);
    return 0;
}
