/*
 * sockets: makes TCP sockets inside a sandbox and hands them out.
 *
 *   sockets HOLDER
 *
 * A socket belongs for ever to the network namespace that it was made in,
 * whoever holds it.  So this helper enters the user and network namespace of
 * process HOLDER (0: it stays where it is) and serves the load generator
 * outside, over the AF_UNIX socket that is its descriptor 0.  It says once that
 * it is there (an empty reply), and then:
 *
 *   struct request    how many sockets, of which family
 *   struct reply ...  one per bunch of at most BUNCH sockets, which come with
 *                     it as SCM_RIGHTS; or the errno and the call that failed
 *
 * It ends with status 0 when the other side closes, 1 when it cannot go on.
 *
 * See also: setns(2), pidfd_open(2), unix(7), cmsg(3), user_namespaces(7).
 */
#define _GNU_SOURCE
#include "common.h"

#include <limits.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { CONTROL = STDIN_FILENO, BUNCH = 250 /* the kernel's SCM_MAX_FD: 253 */ };

struct request {
    uint32_t count;
    uint32_t family; /* AF_INET or AF_INET6 */
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

/* To enter both at once matters: the network namespace may only be entered
 * with the rights that the user namespace gives. */
static int enter(pid_t holder)
{
    int pidfd = (int)syscall(SYS_pidfd_open, holder, 0);
    if (pidfd == -1)
        return fail("pidfd_open");
    if (setns(pidfd, CLONE_NEWUSER | CLONE_NEWNET) == -1) {
        fail("setns");
        close(pidfd);
        return -1;
    }
    close(pidfd);
    return 0;
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

/* Makes count sockets, sends them, and keeps none. */
static int make_bunch(uint32_t count, int family)
{
    int fds[BUNCH], result = -1;
    uint32_t made = 0;
    while (made < count) {
        int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
        int fd = socket(family, type, 0);
        if (fd == -1)
            break;
        fds[made++] = fd;
    }
    result = made == count ? send_bunch(fds, count) : fail("socket");
    while (made > 0)
        close(fds[--made]);
    return result;
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
