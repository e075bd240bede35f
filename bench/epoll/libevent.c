/*
 * libevent - an echo server on libevent's plain events
 *
 * usage: libevent PORT
 *
 * Libevent only says which socket is readable; one recv, one send. What does
 * not fit into the socket at once is lost: the traffic of a benchmark fits.
 *
 * see also: event2/event.h, event2/listener.h
 */
#include "peer.h"

#include <err.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <unistd.h>

enum { BUFFER = 16 * 1024 };

static void on_readable(evutil_socket_t fd, short what, void *self)
{
    static char data[BUFFER];
    ssize_t n = recv(fd, data, sizeof data, 0);

    (void)what;
    if (n > 0 && send(fd, data, (size_t)n, MSG_NOSIGNAL) == n)
        return;
    event_free(self);
    close(fd);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd,
                      struct sockaddr *from, int len, void *base)
{
    struct event *event = event_new(base, fd, EV_READ | EV_PERSIST, on_readable,
                                    event_self_cbarg());

    (void)listener;
    (void)from;
    (void)len;
    if (event == NULL || event_add(event, NULL) == -1)
        errx(1, "event_add");
}

int main(int argc, char *argv[])
{
    struct sockaddr_in addr = address(argc, argv);
    struct event_base *base = event_base_new();
    const unsigned flags = LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE;

    raise_descriptor_limit();
    if (base == NULL ||
        evconnlistener_new_bind(base, on_accept, base, flags, SOMAXCONN,
                                (struct sockaddr *)&addr, sizeof addr) == NULL)
        err(1, "port %s", argv[1]);
    return event_base_dispatch(base);
}
