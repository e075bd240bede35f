/*
 * unit_raw.c - Criterion tests of drill `raw`
 *
 * The comment before a test is the sentence that the student reads. Where the
 * calls are made is seen in the trace (question own_instructions).
 *
 * see also: labs/syscalls/raw.h (the contract), unit.h
 */
#include "unit.h"

#include "raw.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#define raw_write(...) TESTED(raw_write(__VA_ARGS__))
#define raw_getpid() TESTED(raw_getpid())

enum { MOST = 4000 };

TestSuite(raw, .timeout = TEST_SECONDS);

static unsigned char data[MOST], got[MOST + 1];

#define CHECK_RAW(call, want, what)                                           \
    do {                                                                      \
        long result_, want_ = (want);                                         \
        int after_;                                                           \
                                                                              \
        errno = EDOM;                                                         \
        result_ = (call);                                                     \
        after_ = errno;                                                       \
        CHECK(result_ == want_, "%ld, " what, "%ld", want_, result_);         \
        CHECK(after_ == EDOM, "errno is EDOM as before: it is libc's affair", \
              "%s", error_name(after_));                                      \
    } while (0)

/* raw_write writes n bytes with an instruction of its own, and returns n. */
Test(raw, write)
{
    size_t n = rnd(1000, MOST);
    int fds[2];
    ssize_t arrived;

    fill(data, sizeof(data));
    NEED(pipe2(fds, O_CLOEXEC) == 0, "a pipe");
    CHECK_RAW(raw_write(fds[1], data, n), (long)n, "all bytes");
    arrived = read(fds[0], got, sizeof(got));
    CHECK(arrived == (ssize_t)n, "%zu bytes arrive", "%zd do", n, arrived);
    CHECK(same(data, got, n) == n, "the same bytes", "byte %zu differs",
          same(data, got, n));
    CHECK_RAW(raw_write(fds[1], data, 0), 0, "no byte");
    CHECK_RAW(raw_write(fds[1], data + 7, 1), 1, "one byte");
    arrived = read(fds[0], got, sizeof(got));
    CHECK(arrived == 1 && got[0] == data[7], "that byte arrives",
          "%zd do, the first is %d", arrived, got[0]);
}

/* raw_write returns -errno as the kernel does, and a short count where only
 * some bytes fit. */
Test(raw, errors)
{
    static unsigned char many[100000];
    int fds[2], size;

    NEED(pipe2(fds, O_CLOEXEC | O_NONBLOCK) == 0, "a pipe");
    size = fcntl(fds[1], F_SETPIPE_SZ, 4096);
    NEED(size >= 4096 && size < (int)sizeof(many), "a small pipe");
    signal(SIGPIPE, SIG_IGN);
    CHECK_RAW(raw_write(-1, data, 1), -EBADF, "-EBADF");
    CHECK_RAW(raw_write(fds[0], data, 1), -EBADF, "-EBADF");
    CHECK_RAW(raw_write(fds[1], (const void *)8, 1), -EFAULT, "-EFAULT");
    CHECK_RAW(raw_write(fds[1], many, sizeof(many)), size,
              "as many as there is room for");
    CHECK_RAW(raw_write(fds[1], data, 1), -EAGAIN, "-EAGAIN");
    close(fds[0]);
    CHECK_RAW(raw_write(fds[1], data, 1), -EPIPE, "-EPIPE");
}

/* raw_getpid asks the kernel, each time, and so knows a child from its parent. */
Test(raw, getpid)
{
    pid_t child, told = -1;
    int fds[2];

    CHECK_RAW(raw_getpid(), getpid(), "the number of this process");
    CHECK_RAW(raw_getpid(), getpid(), "the same again");
    NEED(pipe2(fds, O_CLOEXEC) == 0, "a pipe");
    child = fork();
    NEED(child != -1, "a child");
    if (child == 0) {
        told = (raw_getpid)();
        _exit(write(fds[1], &told, sizeof(told)) != sizeof(told));
    }
    NEED(read(fds[0], &told, sizeof(told)) == sizeof(told), "its answer");
    waitpid(child, NULL, 0);
    CHECK(told == child, "%d in the child", "%d", (int)child, (int)told);
}

/* What these tests need of a machine. No code under test is called. */
Test(raw, machine)
{
    int fds[2];
    pid_t child;

    NEED(pipe2(fds, O_CLOEXEC) == 0, "a pipe");
    child = fork();
    if (child == 0)
        _exit(0);
    NEED(child != -1 && waitpid(child, NULL, 0) == child, "a child");
    CHECK(true, "a machine", "none");
}
