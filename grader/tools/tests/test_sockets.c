/*
 * test_sockets: asks the helper for sockets and looks at what comes.
 * TOOLS names the tools' folder.
 */
#define _GNU_SOURCE
#include "common.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct request {
    uint32_t count, family;
};

struct reply {
    int32_t error;
    uint32_t count;
    char call[24];
};

static int control;
static pid_t helper;

static void start(const char *holder, int type)
{
    char tool[4096];
    int ends[2];
    snprintf(tool, sizeof(tool), "%s/sockets", getenv("TOOLS"));
    cr_assert(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) == 0);
    helper = fork();
    if (helper == 0) {
        dup2(ends[1], STDIN_FILENO);
        execl(tool, "sockets", holder, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    control = ends[0];
}

/* Ends the helper, which must end well. */
static void finish(int expected)
{
    int status;
    close(control);
    cr_assert(waitpid(helper, &status, 0) == helper);
    cr_assert(eq(int, WEXITSTATUS(status), expected));
}

/* Stores the sockets of one reply in fds. */
static struct reply receive(int fds[250])
{
    struct reply reply = {.error = -1};
    struct iovec data = {&reply, sizeof(reply)};
    char space[CMSG_SPACE(250 * sizeof(int))];
    struct msghdr message = {.msg_iov = &data,
                             .msg_iovlen = 1,
                             .msg_control = space,
                             .msg_controllen = sizeof(space)};
    cr_assert(recvmsg(control, &message, 0) == sizeof(reply));
    struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
    if (rights != NULL)
        memcpy(fds, CMSG_DATA(rights), rights->cmsg_len - CMSG_LEN(0));
    return reply;
}

static void ask(uint32_t count, uint32_t family)
{
    struct request request = {count, family};
    cr_assert(send(control, &request, sizeof(request), 0) == sizeof(request));
}

static void expect_sockets(uint32_t count, int domain)
{
    int fds[250] = {0}, found;
    socklen_t size = sizeof(found);
    cr_assert(eq(u32, receive(fds).count, count));
    for (uint32_t i = 0; i < count; i++) {
        getsockopt(fds[i], SOL_SOCKET, SO_DOMAIN, &found, &size);
        cr_assert(eq(int, found, domain));
        int blocking = (fcntl(fds[i], F_GETFL) & O_NONBLOCK) == 0;
        cr_assert(eq(int, blocking, 0));
        close(fds[i]);
    }
}

TestSuite(sockets, .timeout = 20);

Test(sockets, come_in_bunches_over_both_kinds_of_connection)
{
    int none[250];
    for (int type = SOCK_STREAM; type != 0;
         type = type == SOCK_STREAM ? SOCK_SEQPACKET : 0) {
        start("0", type);
        cr_assert(eq(int, receive(none).error, 0)); /* it is there */
        ask(251, AF_INET);
        expect_sockets(250, AF_INET);
        expect_sockets(1, AF_INET);
        ask(2, AF_INET6);
        expect_sockets(2, AF_INET6);
        finish(0);
    }
}

Test(sockets, a_wrong_family_is_told_and_survived)
{
    int none[250];
    start("0", SOCK_SEQPACKET);
    receive(none);
    ask(1, 255);
    struct reply reply = receive(none);
    cr_assert(eq(int, reply.error, EAFNOSUPPORT));
    cr_assert(eq(str, reply.call, "socket"));
    ask(1, AF_INET);
    expect_sockets(1, AF_INET);
    finish(0);
}

Test(sockets, no_such_holder)
{
    int none[250];
    start("2147483647", SOCK_SEQPACKET);
    struct reply reply = receive(none);
    cr_assert(eq(int, reply.error, ENOENT));
    cr_assert(eq(str, reply.call, "open ns/net"));
    finish(1);
}

Test(sockets, too_few_descriptors)
{
    int fds[250];
    struct rlimit limit = {20, 20};
    start("0", SOCK_SEQPACKET);
    receive(fds);
    cr_assert(prlimit(helper, RLIMIT_NOFILE, &limit, NULL) == 0);
    ask(30, AF_INET);
    cr_assert(eq(int, receive(fds).error, EMFILE));
    ask(5, AF_INET);
    expect_sockets(5, AF_INET);
    finish(0);
}

Test(common, numbers)
{
    cr_assert(eq(long, parse_number("0", 9), 0));
    cr_assert(eq(long, parse_number("9", 9), 9));
    const char *const wrong[] = {"",   "10", "-1",  "+1",
                                 " 1", "1 ", "0x1", "99999999999999999999"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        cr_assert(eq(long, parse_number(wrong[i], 9), -1), "%s", wrong[i]);
}
