/*
 * unit_net.c - Criterion tests of drill `net`
 *
 * The comment before a test is the sentence that the student reads. Errors of
 * single system calls are made with seccomp(2): the filter answers listen or
 * socket with an errno, from that moment to the end of the test's process.
 *
 * see also: labs/epoll/net.h (the contract), unit.h, refuse.h
 */
#include "refuse.h"
#include "unit.h"

#include "net.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define tcp_listen(...) TESTED(tcp_listen(__VA_ARGS__))
#define set_nonblocking(...) TESTED(set_nonblocking(__VA_ARGS__))
#define tcp_connect_timeout(...) TESTED(tcp_connect_timeout(__VA_ARGS__))

enum { WAIT_MS = 1000, TICK_US = 4000, STORM_TICKS = 250 };

TestSuite(net, .timeout = TEST_SECONDS);

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static union address loopback(int family, int port)
{
    union address a;

    memset(&a, 0, sizeof(a));
    a.any.sa_family = (sa_family_t)family;
    if (family == AF_INET) {
        a.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        a.v4.sin_port = htons((uint16_t)port);
    } else {
        a.v6.sin6_addr = in6addr_loopback;
        a.v6.sin6_port = htons((uint16_t)port);
    }
    return a;
}

/* The address that fd is bound to; AF_UNSPEC if fd is no socket. */
static union address address_of(int fd)
{
    union address a;
    socklen_t size = sizeof(a);

    memset(&a, 0, sizeof(a));
    getsockname(fd, &a.any, &size);
    return a;
}

/* sin_port and sin6_port lie at the same place. */
static int port_of(int fd)
{
    return ntohs(address_of(fd).v4.sin_port);
}

/* "127.0.0.1" or "::1", in a buffer that the next call overwrites. */
static const char *text_of(union address a)
{
    static char text[INET6_ADDRSTRLEN];
    const void *bytes = a.any.sa_family == AF_INET6 ? (void *)&a.v6.sin6_addr
                                                    : (void *)&a.v4.sin_addr;

    if (inet_ntop(a.any.sa_family, bytes, text, sizeof(text)) == NULL)
        return "no address at all";
    return text;
}

/* A server of the test's own on a free port; backlog -1: bound, not listening,
 * so that connecting is refused. */
static int own_server(int family, int backlog)
{
    union address a = loopback(family, 0);
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    NEED(fd != -1, "a socket");
    NEED(bind(fd, &a.any, sizeof(a)) == 0, "a free port on loopback");
    if (backlog >= 0)
        NEED(listen(fd, backlog) == 0, "listen");
    return fd;
}

/* A client of the test's own; -1 if the connection fails. */
static int own_client(int family, int port)
{
    union address a = loopback(family, port);
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    NEED(fd != -1, "a socket");
    if (connect(fd, &a.any, sizeof(a)) == 0)
        return fd;
    close(fd);
    return -1;
}

/* A server whose queue is full: the kernel drops further attempts silently,
 * as a host that is switched off would. */
static int own_full_server(void)
{
    int fd = own_server(AF_INET, 0);
    struct pollfd pending = {.fd = fd, .events = POLLIN};

    NEED(own_client(AF_INET, port_of(fd)) != -1, "a connection");
    NEED(poll(&pending, 1, WAIT_MS) == 1, "a full queue");
    return fd;
}

static const char *port_text(int port)
{
    static char text[8];

    snprintf(text, sizeof(text), "%d", port);
    return text;
}

/* The connection that waits in a listening socket, or -1. */
static int accepted(int listener)
{
    struct pollfd p = {.fd = listener, .events = POLLIN};

    if (poll(&p, 1, WAIT_MS) != 1)
        return -1;
    return accept4(listener, NULL, NULL, SOCK_CLOEXEC);
}

static bool has_cloexec(int fd)
{
    return (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0;
}

static bool is_blocking(int fd)
{
    return (fcntl(fd, F_GETFL) & O_NONBLOCK) == 0;
}

/* What is common to every socket that tcp_listen returns. */
static void check_listener(int fd, int family, int backlog)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof(info);
    int client;

    CHECK(address_of(fd).any.sa_family == family, "a socket of family %d",
          "family %d", family, address_of(fd).any.sa_family);
    getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size);
    CHECK(info.tcpi_state == TCP_LISTEN, "a socket in state LISTEN (%d)",
          "TCP state %d", TCP_LISTEN, info.tcpi_state);
    CHECK((int)info.tcpi_sacked == backlog, "a backlog of %d as asked for",
          "a backlog of %u", backlog, info.tcpi_sacked);
    CHECK(has_cloexec(fd), "a socket that is close-on-exec",
          "FD_CLOEXEC is not set: a program that is executed inherits it");
    CHECK(is_blocking(fd), "a blocking socket", "O_NONBLOCK is set");
    client = own_client(family, port_of(fd));
    CHECK(client != -1 && accepted(fd) != -1, "a client can connect",
          "no connection could be accepted");
}

/* tcp_listen("127.0.0.1", "0", n) listens on that address with that backlog,
 * close-on-exec; a stopped server's port can be had again at once, a port in
 * use cannot. */
Test(net, listen_ipv4)
{
    int backlog = (int)rnd(2, 100);
    int fd = tcp_listen("127.0.0.1", "0", backlog), error = errno;
    int client, server, again, port;

    CHECK(fd >= 0, "a descriptor", "%d (%s)", fd, error_name(error));
    check_listener(fd, AF_INET, backlog);
    CHECK(strcmp(text_of(address_of(fd)), "127.0.0.1") == 0,
          "bound to 127.0.0.1 only", "bound to %s", text_of(address_of(fd)));

    port = port_of(fd);
    errno = 0;
    again = tcp_listen("127.0.0.1", port_text(port), backlog);
    error = errno;
    CHECK(again == -1 && error == EADDRINUSE,
          "-1 (EADDRINUSE) for a port where somebody listens", "%d (%s)", again,
          error_name(error));

    /* The side that closes first keeps the port in TIME_WAIT. */
    client = own_client(AF_INET, port);
    server = accepted(fd);
    NEED(client != -1 && server != -1, "a connection");
    close(fd);
    close(server);
    close(client);
    fd = tcp_listen("127.0.0.1", port_text(port), backlog);
    error = errno;
    CHECK(fd >= 0,
          "the port of a server that was just stopped can be had again",
          "%d (%s): its old connection is in TIME_WAIT", fd, error_name(error));
}

/* tcp_listen("::1", "0", n) listens on IPv6 in the same way; host NULL listens
 * on every address, and a name works like an address. */
Test(net, listen_ipv6)
{
    int backlog = (int)rnd(2, 100);
    int fd = tcp_listen("::1", "0", backlog), error = errno;
    union address a;

    CHECK(fd >= 0, "a descriptor for ::1", "%d (%s)", fd, error_name(error));
    check_listener(fd, AF_INET6, backlog);

    fd = tcp_listen(NULL, "0", backlog);
    error = errno;
    a = address_of(fd);
    CHECK(fd >= 0, "a descriptor for host NULL", "%d (%s)", fd,
          error_name(error));
    CHECK(strcmp(text_of(a), "0.0.0.0") == 0 || strcmp(text_of(a), "::") == 0,
          "bound to the wildcard address (AI_PASSIVE)", "bound to %s",
          text_of(a));

    fd = tcp_listen("localhost", "0", backlog);
    error = errno;
    CHECK(fd >= 0, "a descriptor for host \"localhost\"", "%d (%s)", fd,
          error_name(error));
}

/* set_nonblocking(fd) adds O_NONBLOCK and leaves every other flag as it is. */
Test(net, nonblocking)
{
    int file = memfd_create("nonblocking", MFD_CLOEXEC);
    int pair[2], flags, result, error;

    NEED(file != -1 && fcntl(file, F_SETFL, O_APPEND) == 0, "a memfd");
    NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0, "a socket pair");

    flags = fcntl(file, F_GETFL);
    result = set_nonblocking(file);
    error = errno;
    CHECK(result == 0, "0", "%d (%s)", result, error_name(error));
    CHECK(fcntl(file, F_GETFL) == (flags | O_NONBLOCK),
          "flags %#o: O_NONBLOCK added, O_APPEND kept", "flags %#o",
          flags | O_NONBLOCK, fcntl(file, F_GETFL));
    CHECK(has_cloexec(file), "FD_CLOEXEC is kept", "FD_CLOEXEC is gone");
    result = set_nonblocking(file);
    CHECK(result == 0 && fcntl(file, F_GETFL) == (flags | O_NONBLOCK),
          "a second call changes nothing: flags %#o", "flags %#o",
          flags | O_NONBLOCK, fcntl(file, F_GETFL));

    result = set_nonblocking(pair[0]);
    CHECK(result == 0 && !is_blocking(pair[0]), "a non-blocking socket",
          "flags %#o", fcntl(pair[0], F_GETFL));
    CHECK(!has_cloexec(pair[0]), "FD_CLOEXEC stays unset", "FD_CLOEXEC is set");

    errno = 0;
    result = set_nonblocking(-1);
    error = errno;
    CHECK(result == -1 && error == EBADF, "-1 (EBADF) for descriptor -1",
          "%d (%s)", result, error_name(error));
}

/* Whether a byte that one end writes comes out at the other. */
static bool carries_a_byte(int from, int to)
{
    char sent = (char)rnd(1, 255), received = 0;
    struct pollfd p = {.fd = to, .events = POLLIN};

    return send(from, &sent, 1, MSG_NOSIGNAL) == 1 &&
           poll(&p, 1, WAIT_MS) == 1 &&
           recv(to, &received, 1, MSG_DONTWAIT) == 1 && received == sent;
}

/* Connects to the server with the code under test and looks at the result. */
static void check_connect(const char *host, int server)
{
    const char *name = host == NULL ? "NULL" : host;
    int fd, error, peer;

    errno = 0;
    fd = tcp_connect_timeout(host, port_text(port_of(server)), WAIT_MS);
    error = errno;
    CHECK(fd >= 0, "a descriptor connected to %s, where a server listens on %s",
          "%d (%s)", name, text_of(address_of(server)), fd, error_name(error));
    peer = accepted(server);
    CHECK(peer != -1 && carries_a_byte(peer, fd),
          "one byte sent by the server arrives", "it does not arrive");
    CHECK(is_blocking(fd), "a blocking socket again", "O_NONBLOCK is set");
    CHECK(has_cloexec(fd), "a socket that is close-on-exec",
          "FD_CLOEXEC is not set");
    close(peer);
    close(fd);
}

/* tcp_connect_timeout reaches servers on IPv4 and IPv6, by address or name,
 * tries every address that a host has, and returns a blocking socket. */
Test(net, connect)
{
    int v4 = own_server(AF_INET, 8), v6 = own_server(AF_INET6, 8);

    check_connect("127.0.0.1", v4);
    check_connect("::1", v6);
    check_connect("localhost", v4);
    check_connect(NULL, v6); /* NULL means ::1 and 127.0.0.1; */
    check_connect(NULL, v4); /* each of these servers is on one of them. */
    NEED(refuse(__NR_socket, AF_INET6, EAFNOSUPPORT), "a seccomp filter");
    check_connect(NULL, v4); /* a kernel without IPv6 */
}

static volatile sig_atomic_t ticks;

/* A handler every few milliseconds. It stops itself in the end, so that a
 * program that begins its wait anew each time comes back to be judged. */
static void tick(int sig)
{
    (void)sig;
    if (++ticks == STORM_TICKS)
        alarm_off();
}

/* tcp_connect_timeout gives up with ETIMEDOUT when the time is over, not
 * before, whatever signal handlers run meanwhile. */
Test(net, timeout)
{
    int server = own_full_server(), ms = (int)rnd(15, 30), fd, error;
    const char *port = port_text(port_of(server));
    int64_t start;

    alarm_every(TICK_US, tick, 0);
    start = now_us();
    errno = 0;
    fd = tcp_connect_timeout("127.0.0.1", port, ms);
    error = errno;
    alarm_off();
    start = now_us() - start;
    CHECK(fd == -1 && error == ETIMEDOUT,
          "-1 (ETIMEDOUT) from a server that does not answer for %d ms",
          "%d (%s)", ms, fd, error_name(error));
    CHECK(start >= (ms - 1) * 1000, "not before %d ms have passed",
          "after %d ms", ms, (int)(start / 1000));
    CHECK(ticks < STORM_TICKS,
          "the time does not begin anew with every signal (%d ms in all)",
          "still waiting after %d ms and %d signals", ms, (int)(start / 1000),
          ticks);
}

/* fd and error: what the call returned; before: descriptors open before it.
 * want 0: any errno will do, but one there must be. */
static void check_failure(const char *call, int fd, int error, int want,
                          int before)
{
    bool right = want == 0 ? error != 0 : error == want;
    const char *name = want == 0 ? "errno set" : error_name(want);
    int leaked = open_fds() - before;

    CHECK(fd == -1 && right, "-1 (%s) from %s", "%d (%s)", name, call, fd,
          error_name(error));
    CHECK(leaked == 0, "no descriptor is left open by %s that fails",
          "%d more than before", call, leaked);
}

#define CHECK_FAILURE(want, call)                        \
    do {                                                 \
        int before_ = open_fds(), fd_;                   \
                                                         \
        errno = 0;                                       \
        fd_ = (call);                                    \
        check_failure(#call, fd_, errno, want, before_); \
    } while (0)

/* No further descriptor can be opened until the limit is given back. */
static struct rlimit no_descriptors(void)
{
    struct rlimit old, none;
    int lowest = fcntl(STDIN_FILENO, F_DUPFD, 0);

    NEED(getrlimit(RLIMIT_NOFILE, &old) == 0 && lowest != -1, "a descriptor");
    close(lowest);
    none = old;
    none.rlim_cur = (rlim_t)lowest;
    NEED(setrlimit(RLIMIT_NOFILE, &none) == 0, "setrlimit");
    return old;
}

/* Every failure of tcp_listen and tcp_connect_timeout is reported as -1 with
 * its errno, and leaves no descriptor open. */
Test(net, errors)
{
    char busy[8], full[8], closed[8];
    struct rlimit limit;
    int fds[2], errors[2], before;

    strcpy(busy, port_text(port_of(own_server(AF_INET, 8))));
    strcpy(full, port_text(port_of(own_full_server())));
    strcpy(closed, port_text(port_of(own_server(AF_INET, -1))));

    CHECK_FAILURE(EADDRINUSE, tcp_listen("127.0.0.1", busy, 8));
    CHECK_FAILURE(EADDRNOTAVAIL, tcp_listen("192.0.2.1", "0", 8));
    CHECK_FAILURE(0, tcp_listen("127.0.0.1", "no-such-service", 8));
    CHECK_FAILURE(0, tcp_connect_timeout("127.0.0.1", "no-such-service", 99));
    CHECK_FAILURE(ECONNREFUSED, tcp_connect_timeout("127.0.0.1", closed, 99));
    CHECK_FAILURE(ETIMEDOUT, tcp_connect_timeout("127.0.0.1", full, 2));

    before = open_fds();
    limit = no_descriptors();
    errno = 0;
    fds[0] = tcp_listen("127.0.0.1", "0", 8);
    errors[0] = errno;
    errno = 0;
    fds[1] = tcp_connect_timeout("127.0.0.1", busy, 99);
    errors[1] = errno;
    NEED(setrlimit(RLIMIT_NOFILE, &limit) == 0, "setrlimit");
    check_failure("tcp_listen without descriptors", fds[0], errors[0], EMFILE,
                  before);
    check_failure("tcp_connect_timeout without descriptors", fds[1], errors[1],
                  EMFILE, before);

    /* One call after the other fails, the last one first: a filter stays. */
    NEED(refuse(__NR_listen, -1, EADDRINUSE), "a seccomp filter");
    CHECK_FAILURE(EADDRINUSE, tcp_listen("127.0.0.1", "0", 8));
    NEED(refuse(__NR_bind, -1, EACCES), "a seccomp filter");
    CHECK_FAILURE(EACCES, tcp_listen("127.0.0.1", "0", 8));
    NEED(refuse(__NR_setsockopt, -1, ENOMEM), "a seccomp filter");
    CHECK_FAILURE(ENOMEM, tcp_listen("127.0.0.1", "0", 8));
    NEED(refuse(__NR_connect, -1, ENETUNREACH), "a seccomp filter");
    CHECK_FAILURE(ENETUNREACH, tcp_connect_timeout("127.0.0.1", busy, 99));
    NEED(refuse(__NR_socket, -1, ENFILE), "a seccomp filter");
    CHECK_FAILURE(ENFILE, tcp_listen("127.0.0.1", "0", 8));
    CHECK_FAILURE(ENFILE, tcp_connect_timeout("127.0.0.1", busy, 99));
}

/* What these tests need of a machine. No code under test is called. */
Test(net, machine)
{
    int v4 = own_server(AF_INET, 8), v6 = own_server(AF_INET6, 8);
    int client4 = own_client(AF_INET, port_of(v4));
    int client6 = own_client(AF_INET6, port_of(v6)), pair[2];
    struct rlimit limit;

    NEED(client4 != -1 && accepted(v4) != -1, "a connection on 127.0.0.1");
    NEED(client6 != -1 && accepted(v6) != -1, "a connection on ::1");
    own_server(AF_INET, -1);
    own_full_server();
    NEED(memfd_create("nonblocking", MFD_CLOEXEC) != -1, "a memfd");
    NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0, "a socket pair");
    alarm_every(TICK_US, tick, 0);
    alarm_off();
    open_fds();
    limit = no_descriptors();
    NEED(setrlimit(RLIMIT_NOFILE, &limit) == 0, "setrlimit");
    NEED(refuse(__NR_listen, -1, EADDRINUSE), "a seccomp filter");
}
