/*
 * peer.h - what the peers of the echo server have in common
 *
 * see also: getrlimit(2), ip(7)
 */
#ifndef PEER_H
#define PEER_H

#include <err.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/resource.h>

/* Reads the command line: one port. The address is that port of this host. */
static inline struct sockaddr_in address(int argc, char *argv[])
{
    struct sockaddr_in addr = {.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    if (argc != 2)
        errx(2, "usage: %s PORT", argv[0]);
    addr.sin_port = htons((uint16_t)atoi(argv[1]));
    return addr;
}

/* Thousands of connections need more descriptors than the usual 1,024. */
static inline void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
        err(1, "getrlimit");
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
        err(1, "setrlimit");
}

#endif
