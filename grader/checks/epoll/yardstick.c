/*
 * yardstick - an echo server the simple way: one blocking thread per connection
 *
 * usage: yardstick PORT
 *
 * The check `speed` runs it beside yours, on the same machine in the same
 * seconds, and compares. It is short because the kernel's scheduler does the
 * waiting; the price is a stack, and two context switches a message, for each
 * connection. It ends by SIGTERM's default action.
 *
 * see also: pthread_create(3), accept(2); TLPI 29, 60.3
 */
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    BUFFER = 16 * 1024, /* on the stack of each thread */
    STACK = 64 * 1024,  /* the usual 8 MiB, times 1,000, is too much for some */
};

/* Sends all n bytes. Returns -1 and errno if the peer is gone. */
static int send_all(int fd, const char *data, size_t n)
{
    while (n > 0) {
        ssize_t sent = send(fd, data, n, MSG_NOSIGNAL);
        if (sent == -1 && errno != EINTR)
            return -1;
        if (sent > 0) {
            data += sent;
            n -= (size_t)sent;
        }
    }
    return 0;
}

static void *echo(void *arg)
{
    int fd = (int)(intptr_t)arg;
    char data[BUFFER];
    ssize_t n;

    do
        n = recv(fd, data, sizeof data, 0);
    while ((n == -1 && errno == EINTR) ||
           (n > 0 && send_all(fd, data, (size_t)n) == 0));
    close(fd);
    return NULL;
}

static int listen_on(uint16_t port)
{
    struct sockaddr_in addr = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd == -1 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == -1 ||
        bind(fd, (struct sockaddr *)&addr, sizeof addr) == -1 ||
        listen(fd, SOMAXCONN) == -1)
        err(1, "port %u", port);
    return fd;
}

static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
        err(1, "getrlimit");
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
        err(1, "setrlimit");
}

int main(int argc, char *argv[])
{
    pthread_attr_t small;
    pthread_t thread;

    if (argc != 2)
        errx(2, "usage: yardstick PORT");
    raise_descriptor_limit();
    int listener = listen_on((uint16_t)atoi(argv[1]));
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, STACK);
    pthread_attr_setdetachstate(&small, PTHREAD_CREATE_DETACHED);
    for (;;) {
        intptr_t fd = accept(listener, NULL, NULL);
        if (fd != -1 && pthread_create(&thread, &small, echo, (void *)fd) != 0)
            close((int)fd);
    }
}
