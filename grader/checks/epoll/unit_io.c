/*
 * unit_io.c - Criterion tests of drill `io`
 *
 * The comment before a test is the sentence that the student reads. Short
 * reads are certain because a SOCK_SEQPACKET socket gives one record per read;
 * short writes and EINTR because a small pipe is drained only by the handler
 * of a timer signal, which interrupts the write that waits.
 *
 * see also: labs/epoll/io.h (the contract), unit.h, unix(7), pipe(7)
 */
#include "unit.h"

#include "io.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define read_full(...) TESTED(read_full(__VA_ARGS__))
#define write_full(...) TESTED(write_full(__VA_ARGS__))
#define ring_put(...) TESTED(ring_put(__VA_ARGS__))
#define write_some(...) TESTED(write_some(__VA_ARGS__))

enum { TICK_US = 500, GUARD = 64, GUARD_BYTE = 0xa5, MOST = 32768 };

TestSuite(io, .timeout = TEST_SECONDS);

static unsigned char data[MOST], got[MOST + GUARD];

/* Whether nothing was written behind the first n bytes of got. */
static bool guard_whole(size_t n)
{
    for (size_t i = n; i < n + GUARD; i++)
        if (got[i] != GUARD_BYTE)
            return false;
    return true;
}

/* A pair of sockets where each read returns one record at the most; the n
 * bytes of data wait in fds[1] as that many records of uneven size. */
static void send_records(int fds[2], size_t n, size_t records)
{
    size_t sent = 0, size;

    NEED(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds) == 0, "a socket pair");
    fill(data, MOST);
    memset(got, GUARD_BYTE, sizeof(got));
    while (records-- > 0) {
        size = records == 0 ? n - sent : rnd(1, (n - sent) / (records + 1));
        NEED(send(fds[0], data + sent, size, 0) == (ssize_t)size, "a record");
        sent += size;
    }
}

#define CHECK_COUNT(result, want, what)                                  \
    do {                                                                 \
        ssize_t result_, want_ = (ssize_t)(want);                        \
                                                                         \
        errno = 0;                                                       \
        result_ = (result);                                              \
        CHECK(result_ == want_, "%zd " what, "%zd (%s)", want_, result_, \
              error_name(errno));                                        \
    } while (0)

static void check_bytes(size_t n)
{
    size_t same_bytes = same(data, got, n);

    CHECK(same_bytes == n, "all %zu bytes in their order",
          "the first difference is at byte %zu", n, same_bytes);
}

/* read_full goes on after short reads until it has n bytes, and takes none of
 * what follows. */
Test(io, read_full)
{
    size_t n = rnd(3000, 6000);
    int fds[2], waiting = -1;

    send_records(fds, n, rnd(5, 12));
    CHECK_COUNT(read_full(fds[1], got, n), n,
                "bytes, that come piece by piece");
    check_bytes(n);

    /* The last record has more than what is missing then. */
    send_records(fds, n - 5, rnd(2, 5));
    NEED(send(fds[0], data + n - 5, GUARD, 0) == GUARD, "a record");
    CHECK_COUNT(read_full(fds[1], got, n), n, "bytes");
    check_bytes(n);
    CHECK(guard_whole(n), "nothing is written behind the %zu bytes asked for",
          "more was read than fits", n);

    NEED(pipe2(fds, O_CLOEXEC) == 0, "a pipe");
    NEED(write(fds[1], data, n + 10) == (ssize_t)n + 10,
         "a pipe that holds it");
    CHECK_COUNT(read_full(fds[0], got, n), n, "bytes");
    ioctl(fds[0], FIONREAD, &waiting);
    CHECK(waiting == 10, "10 bytes are left in the pipe", "%d are left",
          waiting);
    CHECK_COUNT(read_full(fds[0], got, 0), 0, "for 0 bytes");
}

/* read_full returns what there was before end-of-file, 0 at end-of-file, and
 * -1 for an error. */
Test(io, read_eof)
{
    size_t n = rnd(3000, 6000);
    int fds[2];

    send_records(fds, n, rnd(5, 12));
    close(fds[0]);
    CHECK_COUNT(read_full(fds[1], got, n + GUARD), n,
                "bytes, although more were asked for: then comes end-of-file");
    check_bytes(n);
    CHECK(guard_whole(n), "nothing is written behind them", "it is");
    CHECK_COUNT(read_full(fds[1], got, n), 0, "at end-of-file");
    close(fds[1]);
    CHECK_COUNT(read_full(fds[1], got, n), -1, "for a closed descriptor");
    CHECK(errno == EBADF, "errno EBADF", "errno %s", error_name(errno));
}

/* The pipe that the signal handlers work on, and what they took from it. */
static int pipe_fds[2];
static volatile sig_atomic_t ticks;
static volatile size_t taken;
static volatile ssize_t fed;

/* Every second time: takes out of the pipe what is in it. */
static void drain(int sig)
{
    ssize_t n;
    int saved = errno;

    (void)sig;
    if (++ticks % 2 == 0) {
        n = read(pipe_fds[0], got + taken, sizeof(got) - taken);
        if (n > 0)
            taken += (size_t)n;
    }
    errno = saved;
}

/* Twice nothing, then half of the bytes; twice nothing, then the others; in
 * the end end-of-file, so that a reader that lost some does not wait for ever.
 * write(2) and close(2) are async-signal-safe. */
static void feed(int sig)
{
    int saved = errno;

    (void)sig;
    ticks++;
    if (ticks == 3 || ticks == 6)
        fed += write(pipe_fds[1], data + fed, 500);
    if (ticks == 20)
        close(pipe_fds[1]);
    errno = saved;
}

/* A pipe of one page. */
static void small_pipe(void)
{
    fill(data, MOST);
    memset(got, GUARD_BYTE, sizeof(got));
    NEED(pipe2(pipe_fds, O_CLOEXEC) == 0, "a pipe");
    NEED(fcntl(pipe_fds[1], F_SETPIPE_SZ, 4096) >= 4096, "a small pipe");
}

/* Writes n bytes into the small pipe under a handler with these flags. */
static void check_write(size_t n, int flags)
{
    ssize_t written;
    int error;

    small_pipe();
    NEED(fcntl(pipe_fds[0], F_SETFL, O_NONBLOCK) == 0, "fcntl");
    alarm_every(TICK_US, drain, flags);
    errno = 0;
    written = write_full(pipe_fds[1], data, n);
    error = errno;
    alarm_off();
    ticks = 1;
    drain(SIGALRM);
    CHECK(written == (ssize_t)n, "%zu bytes written", "%zd (%s)", n, written,
          error_name(error));
    CHECK(taken == n, "%zu bytes arrive", "%zu arrive", n, taken);
    check_bytes(n);
}

/* read_full and write_full go on after a signal handler ran (EINTR), and lose
 * nothing of what was done before. */
Test(io, interrupted)
{
    ssize_t n;
    int error;

    small_pipe();
    alarm_every(TICK_US, feed, 0);
    errno = 0;
    n = read_full(pipe_fds[0], got, 1000);
    error = errno;
    alarm_off();
    CHECK(n == 1000, "1000 bytes, in spite of signals", "%zd (%s)", n,
          error_name(error));
    check_bytes(1000);

    ticks = 0;
    check_write(rnd(20000, 30000), 0);
}

/* write_full goes on after short writes until n bytes are written, and returns
 * -1 for an error even if some bytes were written before. */
Test(io, write_full)
{
    int file = memfd_create("small", MFD_CLOEXEC), zero;
    struct rlimit old, small;
    ssize_t n;
    int error;

    zero = open("/dev/zero", O_WRONLY | O_CLOEXEC);
    NEED(file != -1 && zero != -1, "a memfd and /dev/zero");
    check_write(rnd(20000, 30000), SA_RESTART);
    CHECK_COUNT(write_full(zero, data, 0), 0, "for 0 bytes");

    /* A file that may not grow beyond 1000 bytes, like a full disk. */
    signal(SIGXFSZ, SIG_IGN);
    NEED(getrlimit(RLIMIT_FSIZE, &old) == 0, "getrlimit");
    small = old;
    small.rlim_cur = 1000;
    NEED(setrlimit(RLIMIT_FSIZE, &small) == 0, "setrlimit");
    errno = 0;
    n = write_full(file, data, 3000);
    error = errno;
    NEED(setrlimit(RLIMIT_FSIZE, &old) == 0, "setrlimit");
    CHECK(n == -1 && error == EFBIG,
          "-1 (EFBIG) for 3000 bytes where only 1000 fit", "%zd (%s)", n,
          error_name(error));
}

/* A ring in the middle of got, with guard bytes on both sides; head is near
 * its end, so that what is stored goes on at the beginning. */
static struct ring guarded_ring(size_t capacity, size_t head, size_t used)
{
    struct ring ring;

    memset(got, GUARD_BYTE, sizeof(got));
    ring_init(&ring, got + GUARD, capacity);
    ring.head = head;
    for (ring.used = 0; ring.used < used; ring.used++)
        ring.data[(head + ring.used) % capacity] = data[ring.used];
    return ring;
}

static bool guards_whole(size_t capacity)
{
    for (size_t i = 0; i < GUARD; i++)
        if (got[i] != GUARD_BYTE)
            return false;
    return guard_whole(GUARD + capacity);
}

/* The number of stored bytes that are as they must be: data from first on. */
static size_t ring_same(const struct ring *ring, size_t first)
{
    size_t i = 0;

    while (i < ring->used &&
           ring->data[(ring->head + i) % ring->capacity] == data[first + i])
        i++;
    return i;
}

/* ring, data and its guards after something was put; first: the byte of data
 * that is the oldest one stored. */
static void check_ring(const struct ring *ring, size_t first, size_t used)
{
    size_t right;

    CHECK(ring->used == used, "used %zu", "used %zu", used, ring->used);
    right = ring_same(ring, first);
    CHECK(right == used, "%zu stored bytes in their order",
          "byte %zu behind head is wrong (capacity %zu, head %zu)", used, right,
          ring->capacity, ring->head);
    CHECK(guards_whole(ring->capacity),
          "no byte outside of the ring's memory is written", "one is");
}

/* ring_put stores in order, goes on at the beginning when the end is reached,
 * and takes no more than fits. */
Test(io, ring)
{
    size_t capacity = rnd(60, 120), put = 0, gone = 0, n, accepted;
    struct ring ring;
    int wrong = 0;

    fill(data, MOST);
    ring = guarded_ring(capacity, capacity - 5, 3);
    CHECK_COUNT(ring_put(&ring, data + 3, 20), 20, "bytes stored");
    check_ring(&ring, 0, 23);
    CHECK_COUNT(ring_put(&ring, data + 23, capacity), capacity - 23,
                "bytes stored: there is room for no more");
    check_ring(&ring, 0, capacity);
    CHECK_COUNT(ring_put(&ring, data, 1), 0, "bytes stored: the ring is full");
    check_ring(&ring, 0, capacity);

    /* 300 times: some are put, some leave. */
    ring = guarded_ring(capacity, 0, 0);
    for (int round = 0; round < 300; round++) {
        n = rnd(0, (unsigned)capacity);
        accepted = ring_put(&ring, data + put, n);
        n = n < capacity - (put - gone) ? n : capacity - (put - gone);
        put += n;
        wrong += accepted != n || ring.used != put - gone ||
                 ring_same(&ring, gone) != ring.used;
        n = rnd(0, (unsigned)(put - gone));
        gone += n;
        ring.head = (ring.head + n) % capacity;
        ring.used -= n;
    }
    CHECK(wrong == 0, "300 random rounds of putting and taking, all right",
          "%d rounds went wrong (capacity %zu)", wrong, capacity);
    check_ring(&ring, gone, put - gone);
}

static volatile sig_atomic_t broken_pipes;

static void count_sigpipe(int sig)
{
    (void)sig;
    broken_pipes++;
}

/* Takes what waits in fd; the number of bytes, all in all, is in taken. */
static void take_all(int fd)
{
    ssize_t n;

    while ((n = recv(fd, got + taken, sizeof(got) - taken, MSG_DONTWAIT)) > 0)
        taken += (size_t)n;
}

/* A ring of all of data in memory of its own, so that a sanitizer sees the
 * byte behind it; the oldest byte is at head. */
static struct ring full_ring(size_t capacity, size_t head)
{
    struct ring ring;
    unsigned char *memory = malloc(capacity);

    NEED(memory != NULL, "memory");
    ring_init(&ring, memory, capacity);
    ring.head = head;
    ring.used = capacity;
    for (size_t i = 0; i < capacity; i++)
        memory[(head + i) % capacity] = data[i];
    return ring;
}

/* write_some sends what the socket takes, keeps exactly the rest, and treats a
 * full socket as no error and a peer that is gone as one, without SIGPIPE. */
Test(io, write_some)
{
    int fds[2], small = 4096, error;
    size_t before, left, total = rnd(20000, 30000);
    struct ring ring;
    ssize_t n;

    fill(data, MOST);
    signal(SIGPIPE, count_sigpipe);
    NEED(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0 &&
             setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)) ==
                 0,
         "a socket pair with a small buffer");

    ring = full_ring(rnd(100, 200), 90);
    before = ring.used;
    CHECK_COUNT(write_some(fds[0], &ring), before,
                "bytes sent: all of a ring that goes round the end");
    CHECK(ring.used == 0, "an empty ring", "used %zu", ring.used);
    CHECK_COUNT(write_some(fds[0], &ring), 0, "for an empty ring");
    take_all(fds[1]);
    CHECK(taken == before, "%zu bytes arrive", "%zu arrive", before, taken);
    check_bytes(before);

    free(ring.data);

    taken = 0;
    ring = full_ring(total, total - 1000);
    errno = 0;
    n = write_some(fds[0], &ring);
    error = errno;
    CHECK(n > 0 && n < (ssize_t)total,
          "some of %zu bytes sent, more than the socket takes", "%zd (%s)",
          total, n, error_name(error));
    CHECK(ring.used == total - (size_t)n, "%zu bytes are kept", "used %zu",
          total - (size_t)n, ring.used);
    CHECK_COUNT(write_some(fds[0], &ring), 0, "now that the socket is full");
    for (int i = 0; i < 100 && ring.used > 0; i++) {
        take_all(fds[1]);
        write_some(fds[0], &ring);
    }
    take_all(fds[1]);
    CHECK(taken == total && ring.used == 0, "all %zu bytes arrive in the end",
          "%zu arrive, %zu are kept", total, taken, ring.used);
    check_bytes(total);
    free(ring.data);

    ring = full_ring(total, 0);
    close(fds[1]);
    left = ring.used;
    CHECK_COUNT(write_some(fds[0], &ring), -1, "when the peer is gone");
    CHECK(errno == EPIPE, "errno EPIPE", "errno %s", error_name(errno));
    CHECK(ring.used == left && broken_pipes == 0,
          "all %zu bytes kept, no SIGPIPE", "%zu kept, SIGPIPE raised %d times",
          left, ring.used, broken_pipes);
    free(ring.data);
}

/* What these tests need of a machine. No code under test is called. */
Test(io, machine)
{
    size_t n = MOST / 4;
    int fds[2], file = memfd_create("small", MFD_CLOEXEC);
    struct rlimit limit;

    send_records(fds, n, 12);
    NEED(pipe2(fds, O_CLOEXEC) == 0 && write(fds[1], data, n) == (ssize_t)n,
         "a pipe that holds it");
    small_pipe();
    alarm_every(TICK_US, drain, 0);
    alarm_off();
    NEED(file != -1 && open("/dev/zero", O_WRONLY | O_CLOEXEC) != -1,
         "a memfd and /dev/zero");
    NEED(getrlimit(RLIMIT_FSIZE, &limit) == 0 &&
             setrlimit(RLIMIT_FSIZE, &limit) == 0,
         "setrlimit");
    NEED(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0,
         "a socket pair");
    free(full_ring(MOST, 90).data);
}
