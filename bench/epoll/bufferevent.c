/*
 * bufferevent - an echo server on libevent's buffered events
 *
 * usage: bufferevent PORT
 *
 * Libevent reads into a chain of buffers, hands the chain over, and writes it
 * when the socket takes it: the usual way to write a server with that library.
 *
 * see also: event2/bufferevent.h, event2/listener.h
 */
#include "peer.h"

#include <err.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>

static void on_read(struct bufferevent *peer, void *unused)
{
    (void)unused;
    bufferevent_write_buffer(peer, bufferevent_get_input(peer));
}

static void on_end(struct bufferevent *peer, short what, void *unused)
{
    (void)what;
    (void)unused;
    bufferevent_free(peer);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd,
                      struct sockaddr *from, int len, void *base)
{
    struct bufferevent *peer =
        bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);

    (void)listener;
    (void)from;
    (void)len;
    if (peer == NULL)
        errx(1, "bufferevent_socket_new");
    bufferevent_setcb(peer, on_read, NULL, on_end, NULL);
    if (bufferevent_enable(peer, EV_READ | EV_WRITE) == -1)
        errx(1, "bufferevent_enable");
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
