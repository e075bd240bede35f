/*
 * unit_vector.c - Criterion tests of drill `vector`
 *
 * Short writes are certain because a small pipe is drained only by the handler
 * of a timer signal, which interrupts the write that waits.
 *
 * see also: labs/files/vector.h (the contract), ../unit.h, writev(2), pipe(7)
 */
#include "../unit.h"

#include "vector.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#define write_record(...) TESTED(write_record(__VA_ARGS__))
#define read_at(...) TESTED(read_at(__VA_ARGS__))

enum { TICK_US = 500, MOST = 40000, GUARD = 64 };

TestSuite(vector, .timeout = TEST_SECONDS);

static unsigned char data[MOST], got[MOST + GUARD];
static int pipe_fds[2];
static volatile size_t taken;
static volatile sig_atomic_t ticks;

static struct iovec part(size_t from, size_t n)
{
    return (struct iovec){data + from, n};
}

/* A header and a payload go out together, by one writev, in this order; either
 * may be empty. */
Test(vector, whole)
{
    size_t head = rnd(1, 60), body = rnd(100, 900);
    int fds[2];

    fill(data, MOST);
    NEED(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds) == 0, "sockets");
    CHECK((write_record(fds[0], part(0, head), part(head, body))) == 0, "0",
          "-1 (%s)", error_name(errno));
    ssize_t n = recv(fds[1], got, sizeof got, MSG_DONTWAIT);
    CHECK(n == (ssize_t)(head + body), "%zu bytes in one piece", "%zd bytes",
          head + body, n);
    CHECK(same(data, got, head + body) == head + body,
          "the header, then the payload", "byte %zu is wrong",
          same(data, got, head + body));
    CHECK((write_record(fds[0], part(0, 0), part(3, 9))) == 0 &&
              recv(fds[1], got, sizeof got, MSG_DONTWAIT) == 9,
          "a payload without a header: 9 bytes", "something else");
    CHECK((write_record(fds[0], part(5, 7), part(0, 0))) == 0 &&
              recv(fds[1], got, sizeof got, MSG_DONTWAIT) == 7 &&
              same(data + 5, got, 7) == 7,
          "a header without a payload: 7 bytes", "something else");
    close(fds[0]);
    CHECK((write_record(fds[0], part(0, 1), part(1, 1))) == -1 &&
              errno == EBADF,
          "-1 EBADF for a closed descriptor", "%s", error_name(errno));
}

/* Every second time: takes out of the pipe a part of what is in it. */
static void drain(int sig)
{
    int saved = errno;
    ssize_t n;

    (void)sig;
    if (++ticks % 2 == 0) {
        n = read(pipe_fds[0], got + taken, 1000 + ticks * 131 % 3000);
        if (n > 0)
            taken += (size_t)n;
    }
    errno = saved;
}

/* Writes through a small pipe under a handler with these flags. */
static void check_write(size_t head, size_t body, int flags)
{
    int result, error;

    taken = 0;
    ticks = 0;
    fill(data, MOST);
    NEED(pipe2(pipe_fds, O_CLOEXEC) == 0, "a pipe");
    NEED(fcntl(pipe_fds[1], F_SETPIPE_SZ, 4096) >= 4096, "a small pipe");
    NEED(fcntl(pipe_fds[0], F_SETFL, O_NONBLOCK) == 0, "fcntl");
    alarm_every(TICK_US, drain, flags);
    result = write_record(pipe_fds[1], part(0, head), part(head, body));
    error = errno;
    alarm_off();
    for (ssize_t n;
         (n = read(pipe_fds[0], got + taken, sizeof got - taken)) > 0;)
        taken += (size_t)n;
    CHECK(result == 0, "0", "%d (%s)", result, error_name(error));
    CHECK(taken == head + body, "%zu bytes arrive", "%zu arrive", head + body,
          (size_t)taken);
    CHECK(same(data, got, head + body) == head + body, "all in their order",
          "byte %zu is wrong (the header has %zu)",
          same(data, got, head + body), head);
}

/* After a short write it goes on where that stopped: in the header, in the
 * payload, and between them. */
Test(vector, short_writes)
{
    check_write(rnd(9000, 12000), rnd(9000, 12000), 0);
    check_write(rnd(1, 20), rnd(15000, 20000), 0);
    check_write(4096, rnd(6000, 9000), 0);
    check_write(rnd(15000, 20000), rnd(1, 20), SA_RESTART);
}

/* read_at reads from anywhere in a file up to its end, leaves the offset alone,
 * and tells errors. */
Test(vector, read_at)
{
    char name[] = "/tmp/vector-XXXXXX";
    int fd = mkostemp(name, O_CLOEXEC), copy = dup(fd), fds[2];
    size_t place = rnd(100, 5000), n = rnd(1000, 9000);
    ssize_t result;

    fill(data, MOST);
    NEED(fd != -1 && write(fd, data, MOST) == MOST, "a file");
    unlink(name);
    lseek(fd, 1234, SEEK_SET);
    memset(got, 0xa5, sizeof got);
    result = read_at(fd, got, n, (off_t)place);
    CHECK(result == (ssize_t)n, "%zu bytes", "%zd", n, result);
    CHECK(same(data + place, got, n) == n && got[n] == 0xa5,
          "those from byte %zu on, and no more", "others", place);
    result = read_at(copy, got, n, MOST - 10);
    CHECK(result == 10, "10 bytes before the end of the file", "%zd", result);
    result = read_at(fd, got, n, MOST + 5);
    CHECK(result == 0, "0 behind the end", "%zd", result);
    CHECK(lseek(fd, 0, SEEK_CUR) == 1234, "the offset stays 1234", "%lld",
          (long long)lseek(fd, 0, SEEK_CUR));
    NEED(pipe2(fds, O_CLOEXEC) == 0, "a pipe");
    errno = 0;
    result = read_at(fds[0], got, 1, 0);
    CHECK(result == -1 && errno == ESPIPE, "-1 ESPIPE for a pipe", "%zd %s",
          result, error_name(errno));
}

/* What these tests need of a machine. No code under test is called. */
Test(vector, machine)
{
    char name[] = "/tmp/vector-XXXXXX";
    int fds[2];

    NEED(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds) == 0, "sockets");
    NEED(pipe2(fds, O_CLOEXEC) == 0 && fcntl(fds[1], F_SETPIPE_SZ, 4096) > 0,
         "a small pipe");
    NEED(mkostemp(name, O_CLOEXEC) != -1, "a file");
    alarm_every(TICK_US, drain, 0);
    alarm_off();
}
