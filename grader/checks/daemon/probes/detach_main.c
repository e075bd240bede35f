/*
 * detach_main: what drill `detach` is judged by
 *
 *   detach_main serve FLAGS    become a daemon, be ready, go on
 *   detach_main status N       tell the caller N, go on
 *   detach_main late           make /tmp/waiting; be ready when /tmp/go, a FIFO,
 *                              is opened
 *   detach_main dies           end before being ready
 *
 * Where become_daemon fails: status 9 and the errno on stderr.
 *
 * see also: labs/daemon/detach.h
 */
#define _GNU_SOURCE
#include "detach.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NOT_BEGUN = 9 };

static int status_of(const char *mode, const char *argument)
{
    if (strcmp(mode, "late") == 0 &&
        (creat("/tmp/waiting", 0600) == -1 || open("/tmp/go", O_RDONLY) == -1))
        err(NOT_BEGUN, "/tmp/go");
    if (strcmp(mode, "dies") == 0)
        _exit(0);
    return strcmp(mode, "status") == 0 ? atoi(argument) : 0;
}

int main(int argc, char *argv[])
{
    const char *argument = argc > 2 ? argv[2] : "0";
    int fd = become_daemon(strcmp(argv[1], "serve") == 0 ? atoi(argument) : 0);

    if (fd == -1) {
        dprintf(2, "%s\n", strerrorname_np(errno));
        return NOT_BEGUN;
    }
    if (detach_ready(fd, status_of(argv[1], argument)) == -1)
        return NOT_BEGUN;
    for (;;)
        pause();
}
