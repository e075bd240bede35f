/* An epoll echo server and its own client: a little of every socket and waiting
 * call. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
static int port;
static void *client(void *arg)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons(port),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    (void)arg;
    for (int i = 0; i < 3; i++) {
        int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        connect(s, (struct sockaddr *)&a, sizeof a);
        send(s, "hel\"lo\n\1\0012\377", 11, MSG_NOSIGNAL);
        char b[64];
        recv(s, b, sizeof b, 0);
        shutdown(s, SHUT_WR);
        recv(s, b, sizeof b, 0);
        close(s);
    }
    return 0;
}
int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    int l = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    bind(l, (struct sockaddr *)&a, n);
    getsockname(l, (struct sockaddr *)&a, &n);
    port = ntohs(a.sin_port);
    listen(l, 128);
    fcntl(l, F_SETFL, fcntl(l, F_GETFL) | O_NONBLOCK);
    int e = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event ev = {.events = EPOLLIN, .data.fd = l};
    epoll_ctl(e, EPOLL_CTL_ADD, l, &ev);
    epoll_ctl(e, EPOLL_CTL_ADD, l, &ev);
    int efd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    ev.data.ptr = main;
    ev.events = EPOLLIN | EPOLLET;
    epoll_ctl(e, EPOLL_CTL_ADD, efd, &ev);
    uint64_t v = 1;
    write(efd, &v, 8);
    pthread_t t;
    pthread_create(&t, 0, client, 0);
    int closed = 0;
    while (closed < 3) {
        struct epoll_event es[8];
        int k = epoll_wait(e, es, 8, 1000);
        for (int i = 0; i < k; i++) {
            int fd = es[i].data.fd;
            if (es[i].data.ptr == (void *)main) {
                read(efd, &v, 8);
                continue;
            }
            if (fd == l) {
                int c = closed == 0
                            ? accept4(l, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC)
                            : accept(l, (struct sockaddr *)&a, &n);
                if (closed == 1)
                    ioctl(c, FIONBIO, &one);
                if (closed == 2)
                    fcntl(c, F_SETFL, O_NONBLOCK);
                ev.data.fd = c;
                ev.events = EPOLLIN | EPOLLRDHUP | EPOLLET;
                epoll_ctl(e, EPOLL_CTL_ADD, c, &ev);
                accept4(l, 0, 0, 0);
                continue;
            }
            char b[32];
            struct iovec io[2] = {{b, 16}, {b + 16, 16}};
            struct msghdr m = {.msg_iov = io, .msg_iovlen = 2};
            ssize_t r = closed == 0   ? read(fd, b, 32)
                        : closed == 1 ? recvmsg(fd, &m, MSG_DONTWAIT)
                                      : readv(fd, io, 2);
            if (r <= 0) {
                if (closed == 0)
                    epoll_ctl(e, EPOLL_CTL_DEL, fd, 0);
                close(fd);
                closed++;
                continue;
            }
            ev.events = EPOLLIN | EPOLLOUT;
            ev.data.fd = fd;
            epoll_ctl(e, EPOLL_CTL_MOD, fd, &ev);
            io[0].iov_len = r;
            m.msg_iovlen = 1;
            if (closed == 0)
                write(fd, b, r);
            else if (closed == 1)
                sendmsg(fd, &m, MSG_DONTWAIT);
            else
                writev(fd, io, 1);
            ev.events = EPOLLIN;
            epoll_ctl(e, EPOLL_CTL_MOD, fd, &ev);
        }
    }
    pthread_join(t, 0);
    struct pollfd p[2] = {{efd, POLLIN, 0}, {l, POLLIN | POLLOUT, 0}};
    poll(p, 2, 0);
    poll(p, 2, 1);
    v = 3;
    write(efd, &v, 8);
    poll(p, 2, -1);
    struct timespec ts = {0, 1000};
    ppoll(p, 1, &ts, 0);
    fd_set rd, wr;
    FD_ZERO(&rd);
    FD_SET(efd, &rd);
    FD_SET(l, &rd);
    FD_ZERO(&wr);
    FD_SET(l, &wr);
    struct timeval tv = {0, 1000};
    select(10, &rd, &wr, 0, &tv);
    FD_ZERO(&rd);
    FD_SET(l, &rd);
    select(10, &rd, 0, 0, &tv);
    sigset_t s;
    sigemptyset(&s);
    sigaddset(&s, SIGUSR1);
    sigaddset(&s, SIGTERM);
    sigprocmask(SIG_BLOCK, &s, 0);
    FD_ZERO(&rd);
    FD_SET(efd, &rd);
    pselect(10, &rd, 0, 0, &ts, &s);
    int sf = signalfd(-1, &s, SFD_NONBLOCK | SFD_CLOEXEC);
    kill(getpid(), SIGUSR1);
    struct signalfd_siginfo si;
    read(sf, &si, sizeof si);
    read(sf, &si, sizeof si);
    int tf = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    struct itimerspec it = {{0, 0}, {0, 1000}};
    timerfd_settime(tf, 0, &it, 0);
    epoll_pwait(e, &ev, 1, 5, &s);
    syscall(441, e, &ev, 1, &ts, 0, 8);
    int pp[2];
    pipe2(pp, O_NONBLOCK | O_CLOEXEC);
    pipe(pp);
    int sp[2];
    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sp);
    write(pp[1], "abc", 3);
    splice(pp[0], 0, sp[0], 0, 3, SPLICE_F_NONBLOCK);
    recvfrom(sp[1], &v, 8, MSG_DONTWAIT, 0, 0);
    recvfrom(sp[1], &v, 8, MSG_DONTWAIT | MSG_PEEK, 0, 0);
    struct iovec fio = {&v, 4};
    char cm[CMSG_SPACE(sizeof(int))];
    struct msghdr fm = {.msg_iov = &fio,
                        .msg_iovlen = 1,
                        .msg_control = cm,
                        .msg_controllen = sizeof cm};
    struct cmsghdr *h = CMSG_FIRSTHDR(&fm);
    h->cmsg_level = SOL_SOCKET;
    h->cmsg_type = SCM_RIGHTS;
    h->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(h), &efd, sizeof efd);
    sendmsg(sp[0], &fm, 0);
    recvmsg(sp[1], &fm, MSG_CMSG_CLOEXEC);
    int d = dup(efd);
    dup2(efd, 40);
    dup3(efd, 41, O_CLOEXEC);
    fcntl(efd, F_DUPFD, 50);
    fcntl(efd, F_DUPFD_CLOEXEC, 60);
    fcntl(d, F_SETFD, FD_CLOEXEC);
    fcntl(d, F_GETFD);
    getsockopt(l, SOL_SOCKET, SO_ERROR, &one, &n);
    setsockopt(l, IPPROTO_TCP, TCP_NODELAY, &one, 4);
    struct sockaddr_in6 a6 = {.sin6_family = AF_INET6,
                              .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int s6 = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0);
    bind(s6, (void *)&a6, sizeof a6);
    connect(s6, (void *)&a6, sizeof a6);
    struct sockaddr_un un = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};
    int su = socket(AF_UNIX, SOCK_DGRAM, 0);
    connect(su, (void *)&un, sizeof un);
    un.sun_path[0] = 0;
    bind(su, (void *)&un, 8);
    close(999);
    close_range(40, 70, 0);
    return 0;
}
