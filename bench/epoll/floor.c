/*
 * floor - what a message must cost at the least: epoll_wait, recv, send
 *
 * usage: floor PORT
 *
 * No state, no callbacks, one buffer: a server needs more than
 * this, and what it needs more is what the benchmark measures.
 *
 * see also: epoll(7)
 */
#include "peer.h"

#include <err.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 512, BUFFER = 16 * 1024 };

static int listen_on(struct sockaddr_in addr)
{
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd == -1 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == -1 ||
        bind(fd, (struct sockaddr *)&addr, sizeof addr) == -1 ||
        listen(fd, SOMAXCONN) == -1)
        err(1, "port %u", ntohs(addr.sin_port));
    return fd;
}

static void watch(int epoll, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == -1)
        err(1, "epoll_ctl");
}

static void echo(int fd)
{
    static char data[BUFFER];
    ssize_t n = recv(fd, data, sizeof data, 0);

    if (n <= 0 || send(fd, data, (size_t)n, MSG_NOSIGNAL) != n)
        close(fd);
}

int main(int argc, char *argv[])
{
    struct epoll_event events[EVENTS];
    int listener = listen_on(address(argc, argv));
    int epoll = epoll_create1(0);

    raise_descriptor_limit();
    watch(epoll, listener);
    for (;;) {
        int n = epoll_wait(epoll, events, EVENTS, -1);
        for (int i = 0; i < n; i++)
            if (events[i].data.fd == listener)
                watch(epoll, accept(listener, NULL, NULL));
            else
                echo(events[i].data.fd);
    }
}
