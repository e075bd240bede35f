/*
 * sockets: makes sockets inside a sandbox and hands them out.
 *
 *   sockets HOLDER
 *
 * A socket belongs for ever to the network namespace that it was made in,
 * whoever holds it.  So this helper enters the network namespace of process
 * HOLDER (0: it stays where it is) and serves the load generator
 * outside, over the AF_UNIX socket that is its descriptor 0.  It says once that
 * it is there (an empty reply), and then:
 *
 *   struct request    how many sockets, of which family: TCP sockets, or those
 *                     that tell of them (AF_NETLINK); or, AF_UNSPEC, how many
 *                     bytes of buffer, each way, a new TCP socket has
 *   struct reply ...  one per bunch of at most BUNCH sockets, which come with
 *                     it as SCM_RIGHTS; or the errno and the call that failed
 *
 * It ends with status 0 when the other side closes, 1 when it cannot go on.
 *
 * See also: setns(2), ioctl_ns(2), unix(7), cmsg(3), tcp(7), sock_diag(7),
 * user_namespaces(7).
 */
#define _GNU_SOURCE
#include "common.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/netlink.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONTROL = STDIN_FILENO, BUNCH = 250 /* the kernel's SCM_MAX_FD: 253 */ };

struct request {
    uint32_t count;
    uint32_t family; /* AF_INET, AF_INET6, AF_NETLINK; AF_UNSPEC: a size */
};

struct reply {
    int32_t error;  /* errno, or 0 */
    uint32_t count; /* sockets that come with this message */
    char call[24];  /* what failed */
};

/* Tells the other side, and stderr, what went wrong. */
static int fail(const char *call)
{
    struct reply reply = {.error = errno};
    strncpy(reply.call, call, sizeof(reply.call) - 1);
    fprintf(stderr, "sockets: %s: %s\n", call, strerror(reply.error));
    send(CONTROL, &reply, sizeof(reply), MSG_NOSIGNAL);
    return -1;
}

static int greet(void)
{
    struct reply hello = {0};
    ssize_t sent = send(CONTROL, &hello, sizeof(hello), MSG_NOSIGNAL);
    return sent == -1 ? fail("send") : 0;
}

/* The network namespace belongs to a user namespace, not always the holder's
 * own (bwrap may nest a second one), and only there we get the right to enter
 * and to tune it. */
static int enter(pid_t holder)
{
    char path[64];
    int net_ns, owner = -1, result = -1;
    snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)holder);
    if ((net_ns = open(path, O_RDONLY | O_CLOEXEC)) == -1)
        return fail("open ns/net");
    if ((owner = ioctl(net_ns, NS_GET_USERNS)) == -1)
        fail("NS_GET_USERNS");
    else if (setns(owner, CLONE_NEWUSER) == -1)
        fail("setns, user");
    else if (setns(net_ns, CLONE_NEWNET) == -1)
        fail("setns, network");
    else
        result = 0;
    if (owner != -1)
        close(owner);
    close(net_ns);
    return result;
}

static int raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
        return fail("getrlimit");
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &limit) == -1 ? fail("setrlimit") : 0;
}

static int send_bunch(const int *fds, uint32_t count)
{
    struct reply reply = {.count = count};
    struct iovec data = {&reply, sizeof(reply)};
    union {
        struct cmsghdr header; /* for its alignment */
        char space[CMSG_SPACE(BUNCH * sizeof(int))];
    } control = {0};
    struct msghdr message = {
        .msg_iov = &data,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = CMSG_SPACE(count * sizeof(int)),
    };
    struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(count * sizeof(int));
    memcpy(CMSG_DATA(rights), fds, count * sizeof(int));
    return sendmsg(CONTROL, &message, MSG_NOSIGNAL) == -1 ? fail("sendmsg") : 0;
}

static int make_socket(int family)
{
    int flags = SOCK_NONBLOCK | SOCK_CLOEXEC;
    if (family == AF_NETLINK)
        return socket(family, SOCK_RAW | flags, NETLINK_SOCK_DIAG);
    return socket(family, SOCK_STREAM | flags, 0);
}

/* Makes count sockets, sends them, and keeps none. */
static int make_bunch(uint32_t count, int family)
{
    int fds[BUNCH], result = -1;
    uint32_t made = 0;
    while (made < count) {
        int fd = make_socket(family);
        if (fd == -1)
            break;
        fds[made++] = fd;
    }
    result = made == count ? send_bunch(fds, count) : fail("socket");
    while (made > 0)
        close(fds[--made]);
    return result;
}

/* The default is the middle one of three sizes.  What stands in /proc/sys/net
 * is that of the network namespace of whoever opens it. */
static int set_default(const char *path, uint32_t bytes)
{
    char text[64];
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    int length = snprintf(text, sizeof(text), "4096 %u %u", bytes, bytes * 2u);
    ssize_t written = fd == -1 ? -1 : write(fd, text, (size_t)length);
    if (fd != -1)
        close(fd);
    return written == -1 ? fail("set a buffer size") : 0;
}

static int widen(uint32_t bytes)
{
    if (set_default("/proc/sys/net/ipv4/tcp_rmem", bytes) == -1 ||
        set_default("/proc/sys/net/ipv4/tcp_wmem", bytes) == -1)
        return -1;
    return greet();
}

/* A request that fails is answered with the reason; the next one is served. */
static int serve(void)
{
    struct request request;
    ssize_t n;
    while ((n = recv(CONTROL, &request, sizeof(request), MSG_WAITALL)) > 0) {
        if (n != sizeof(request)) {
            errno = EBADMSG;
            return fail("recv");
        }
        if (request.family == AF_UNSPEC) {
            widen(request.count);
            continue;
        }
        uint32_t left = request.count;
        while (left > 0) {
            uint32_t count = left < BUNCH ? left : BUNCH;
            if (make_bunch(count, (int)request.family) == -1)
                break;
            left -= count;
        }
    }
    return n == 0 ? 0 : fail("recv");
}

int main(int argc, char *argv[])
{
    long holder = argc == 2 ? parse_number(argv[1], INT_MAX) : -1;
    if (holder == -1) {
        fprintf(stderr, "usage: sockets HOLDER\n");
        return 2;
    }
    if (raise_descriptor_limit() == -1)
        return 1;
    if (holder > 0 && enter((pid_t)holder) == -1)
        return 1;
    return greet() == -1 || serve() == -1;
}
