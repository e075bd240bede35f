/*
 * asked.h: what a traced call asks for, and how to make it ask for less.
 *
 * Reads and writes of several buffers are rewritten to the call that does the
 * same with one.  recvmsg(2) is missing: what it writes back into its struct
 * msghdr would have to be made up.
 *
 * See also: readv(2), send(2), recv(2).
 */
#ifndef ASKED_H
#define ASKED_H

#include "tracee.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/xattr.h>

enum { SEGMENTS = 16 /* of an iovec that are looked at */ };

enum shape { BUFFER, VECTOR, MESSAGE, CONTROL };
enum { READS = 1, WRITES = 2 };

/* `plain` is the call that does the same with one buffer. */
static const struct kind {
    int number;
    const char *name;
    enum shape shape;
    int direction;
    int plain;
} kinds[] = {
    {SYS_read, "read", BUFFER, READS, SYS_read},
    {SYS_readv, "readv", VECTOR, READS, SYS_read},
    {SYS_recvfrom, "recvfrom", BUFFER, READS, SYS_recvfrom},
    {SYS_write, "write", BUFFER, WRITES, SYS_write},
    {SYS_writev, "writev", VECTOR, WRITES, SYS_write},
    {SYS_sendto, "sendto", BUFFER, WRITES, SYS_sendto},
    {SYS_sendmsg, "sendmsg", MESSAGE, WRITES, SYS_sendto},
    {SYS_epoll_ctl, "epoll_ctl", CONTROL, 0, 0},
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static const struct kind *kind_of(unsigned long number)
{
    for (int i = 0; i < KINDS; i++)
        if ((unsigned long)kinds[i].number == number)
            return &kinds[i];
    return NULL;
}

/* One buffer, or the first of several. */
struct asked {
    int fd;
    unsigned long buffer;
    size_t first; /* bytes in it */
    size_t total; /* bytes in all */
    int flags;
};

static inline bool add_segments(pid_t tid, unsigned long address, size_t count,
                                struct asked *asked)
{
    struct iovec segments[SEGMENTS];
    if (count > SEGMENTS)
        count = SEGMENTS;
    if (peek(tid, address, segments, count * sizeof(segments[0])) == -1)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (asked->total == 0) {
            asked->buffer = (unsigned long)segments[i].iov_base;
            asked->first = segments[i].iov_len;
        }
        asked->total += segments[i].iov_len;
    }
    return true;
}

static inline bool add_message(pid_t tid, unsigned long address,
                               struct asked *asked)
{
    struct msghdr m;
    if (peek(tid, address, &m, sizeof(m)) == -1)
        return false;
    if (m.msg_name != NULL || m.msg_controllen != 0)
        return false; /* sendto(2) could not do the same */
    return add_segments(tid, (unsigned long)m.msg_iov, m.msg_iovlen, asked);
}

/* Returns false if the call is none that may be lowered. */
static inline bool understand(pid_t tid, const registers *r,
                              const struct kind *kind, struct asked *asked)
{
    *asked = (struct asked){.fd = (int)ARG0(r)};
    switch (kind->shape) {
    case VECTOR:
        return add_segments(tid, ARG1(r), ARG2(r), asked);
    case MESSAGE:
        asked->flags = (int)ARG2(r);
        return add_message(tid, ARG1(r), asked);
    default:
        asked->buffer = ARG1(r);
        asked->first = asked->total = ARG2(r);
        if (kind->plain == SYS_recvfrom || kind->plain == SYS_sendto)
            asked->flags = (int)ARG3(r);
        return true;
    }
}

/* About half, and no more than the first buffer holds; never 0. */
static inline size_t shorter(const struct asked *asked)
{
    size_t half = asked->total / 2;
    return half < asked->first ? half : asked->first;
}

/* The fields that differ from the original call are put back at its end. */
static inline void rewrite(registers *r, const struct kind *kind,
                           const struct asked *asked)
{
    NUMBER(r) = (unsigned long)kind->plain;
    ARG1(r) = asked->buffer;
    ARG2(r) = shorter(asked);
    if (kind->shape == MESSAGE) {
        ARG3(r) = (unsigned long)asked->flags;
        ARG4(r) = ARG5(r) = 0; /* no address */
    }
}

/* The kernel names the protocol of a socket in an extended attribute. */
static inline bool is_stream(pid_t tid, int fd)
{
    char path[64], name[32] = "";
    snprintf(path, sizeof(path), "/proc/%d/fd/%d", tid, fd);
    if (getxattr(path, "system.sockprotoname", name, sizeof(name) - 1) <= 0)
        return false;
    return strcmp(name, "TCP") == 0 || strcmp(name, "TCPv6") == 0 ||
           strcmp(name, "MPTCP") == 0 || strcmp(name, "UNIX-STREAM") == 0;
}

#endif
