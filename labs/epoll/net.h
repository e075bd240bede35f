/*
 * net.h - drill `net`: sockets that every server and client begins with
 *
 * You write net.c. Nothing in here prints or exits: a function that fails
 * returns -1, says why in errno, and leaves no descriptor open behind it.
 *
 * see also: getaddrinfo(3), socket(2), bind(2), listen(2), connect(2),
 * fcntl(2), poll(2), socket(7), tcp(7), ipv6(7); TLPI 5, 56, 59, 61, 63
 */
#ifndef NET_H
#define NET_H

#include <errno.h>
#include <netdb.h>

/*
 * tcp_listen - a TCP socket that accepts connections.
 *
 * host     an IPv4 or IPv6 address ("127.0.0.1", "::1") or a name
 *          ("localhost"); NULL: the wildcard address, which means every
 *          address that this machine has
 * port     a number from 0 to 65535 or a service name ("80", "http"); "0": a
 *          free port that the kernel chooses (getsockname(2) tells which)
 * backlog  connections that may wait to be accepted, as for listen(2)
 *
 * A host can have several addresses: the first that works is taken.
 * The socket is blocking and close-on-exec (it does not survive execve(2)).
 * The port can be had again at once after a server was stopped, although old
 * connections are still in TIME_WAIT (SO_REUSEADDR, socket(7)); a port where
 * somebody listens is refused with EADDRINUSE.
 *
 * Returns the descriptor, or -1 with the errno of the last address that was
 * tried: of socket(2), setsockopt(2), bind(2) or listen(2), or of
 * net_errno() below when there was no address to try.
 * TLPI 59.10, 59.12, 61.10, 27.4.
 */
int tcp_listen(const char *host, const char *port, int backlog);

/*
 * set_nonblocking - from now on, calls on fd return EAGAIN instead of waiting.
 *
 * Only O_NONBLOCK changes: the other file status flags (O_APPEND, O_ASYNC,
 * ...) and the descriptor flags (FD_CLOEXEC) stay as they are. A descriptor
 * that is non-blocking already stays so.
 *
 * Returns 0, or -1 with the errno of fcntl(2). TLPI 5.3.
 */
int set_nonblocking(int fd);

/*
 * tcp_connect_timeout - connect to a server, but do not wait for ever.
 *
 * host, port  as above; host NULL: this machine, by its loopback addresses
 * ms          milliseconds, 1 or more: the time for all of it, however many
 *             addresses the host has and however many signals arrive
 *
 * The addresses are tried one after the other until one answers. Start the
 * connection on a non-blocking socket, poll(2) until it is writable, then ask
 * SO_ERROR how it went (connect(2), at EINPROGRESS). Signal handlers that run
 * meanwhile neither end the attempt nor prolong it. Name look-up is
 * getaddrinfo's affair and not part of ms.
 *
 * Returns a descriptor that is connected, blocking again and close-on-exec;
 * or -1: ETIMEDOUT when the time is over, else the errno of the last address
 * that was tried (ECONNREFUSED, ENETUNREACH, EMFILE ...), or of net_errno().
 * TLPI 59.10, 63.2.2, 5.9.
 */
int tcp_connect_timeout(const char *host, const char *port, int ms);

/*
 * net_errno - given: what getaddrinfo(3) returned, as an errno.
 *
 * getaddrinfo has error numbers of its own (EAI_*). For callers that know
 * only errno: its own errno for EAI_SYSTEM, ENOMEM, EAGAIN (ask again later),
 * and EADDRNOTAVAIL for a host or port that does not exist.
 */
static inline int net_errno(int gai)
{
    switch (gai) {
    case EAI_SYSTEM:
        return errno;
    case EAI_MEMORY:
        return ENOMEM;
    case EAI_AGAIN:
        return EAGAIN;
    default:
        return EADDRNOTAVAIL;
    }
}

#endif
