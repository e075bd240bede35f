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
#include <err.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

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
                      struct sockaddr *from, int len, void *unused)
{
    struct event_base *base = evconnlistener_get_base(listener);
    struct bufferevent *peer =
        bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);

    (void)from;
    (void)len;
    (void)unused;
    if (peer == NULL)
        errx(1, "bufferevent_socket_new");
    bufferevent_setcb(peer, on_read, NULL, on_end, NULL);
    bufferevent_enable(peer, EV_READ | EV_WRITE);
}

int main(int argc, char *argv[])
{
    struct sockaddr_in addr = {.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct event_base *base = event_base_new();
    struct rlimit limit;

    if (argc != 2 || base == NULL)
        errx(2, "usage: bufferevent PORT");
    addr.sin_port = htons((uint16_t)atoi(argv[1]));
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (evconnlistener_new_bind(
            base, on_accept, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE,
            SOMAXCONN, (struct sockaddr *)&addr, sizeof addr) == NULL)
        err(1, "port %s", argv[1]);
    return event_base_dispatch(base);
}
