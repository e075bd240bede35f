/*
 * unit_copy.c - Criterion tests of drill `copy`
 *
 * The comment before a test is the sentence that the student reads. Short reads
 * are certain because a SOCK_SEQPACKET socket gives one record per read; short
 * writes and EINTR because a small pipe is drained only by the handler of a
 * timer signal, which interrupts the write that waits.
 *
 * see also: labs/syscalls/copy.h (the contract), unit.h, unix(7), full(4)
 */
#include "unit.h"

#include "copy.h"
#include "refuse.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define copy_fd(...) TESTED(copy_fd(__VA_ARGS__))
#define copy_file(...) TESTED(copy_file(__VA_ARGS__))

enum { MOST = 200000, TICK_US = 500 };

TestSuite(copy, .timeout = TEST_SECONDS);

static unsigned char data[MOST], got[MOST + 1];

/* A new file with the first n bytes of data. */
static void make(const char *path, size_t n, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    NEED(fd != -1 && fchmod(fd, mode) == 0, "a file");
    NEED(write(fd, data, n) == (ssize_t)n, "room for a file");
    close(fd);
}

/* How many bytes there are in a file; they are in got then. -1: no file. */
static ssize_t contents(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n;

    if (fd == -1)
        return -1;
    n = read(fd, got, sizeof(got));
    close(fd);
    return n;
}

static void check_contents(const char *path, size_t n)
{
    ssize_t found = contents(path);
    size_t right = found < 0 ? 0 : same(data, got, (size_t)found);

    CHECK(found == (ssize_t)n, "%zu bytes in %s", "%zd", n, path, found);
    CHECK(right == n, "all of them as in the source", "byte %zu is another one",
          right);
}

#define CHECK_OK(call)                                                    \
    do {                                                                  \
        int result_, error_;                                              \
                                                                          \
        errno = 0;                                                        \
        result_ = (call);                                                 \
        error_ = errno;                                                   \
        CHECK(result_ == 0, "0", "%d (%s)", result_, error_name(error_)); \
    } while (0)

#define CHECK_ERROR(call, error)                                        \
    do {                                                                \
        int result_, error_;                                            \
                                                                        \
        errno = 0;                                                      \
        result_ = (call);                                               \
        error_ = errno;                                                 \
        CHECK(result_ == -1 && error_ == (error), "-1 (%s)", "%d (%s)", \
              error_name(error), result_, error_name(error_));          \
    } while (0)

/* copy_fd copies all of it although every read gives little, in blocks. */
Test(copy, short_reads)
{
    size_t n = rnd(9000, 12000), sent = 0;
    int fds[2], out;
    off_t copied = -1;

    fill(data, MOST);
    NEED(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds) == 0, "a socket pair");
    while (sent < n) {
        size_t size = rnd(1, 900);

        size = size < n - sent ? size : n - sent;
        NEED(send(fds[0], data + sent, size, 0) == (ssize_t)size, "a record");
        sent += size;
    }
    close(fds[0]);
    out = open("out", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    NEED(out != -1, "a file");
    CHECK_OK(copy_fd(fds[1], out, &copied));
    CHECK(copied == (off_t)n, "%zu bytes copied", "%lld", n, (long long)copied);
    check_contents("out", n);
    CHECK_OK(copy_fd(fds[1], out, &copied));
    CHECK(copied == 0, "nothing more at end-of-file", "%lld",
          (long long)copied);

    make("in", MOST, 0600);
    fds[0] = open("in", O_RDONLY | O_CLOEXEC);
    NEED(fds[0] != -1 && ftruncate(out, 0) == 0 && lseek(out, 0, SEEK_SET) == 0,
         "two files");
    NEED(lseek(fds[0], 0, SEEK_SET) == 0, "lseek");
    CHECK_OK(copy_fd(fds[0], out, &copied));
    check_contents("out", MOST);
}

static int pipe_fds[2];
static volatile sig_atomic_t ticks;
static volatile size_t taken;

/* Every second time: takes out of the pipe what is in it. */
static void drain(int sig)
{
    int saved = errno;
    ssize_t n;

    (void)sig;
    if (++ticks % 2 == 0) {
        n = read(pipe_fds[0], got + taken, sizeof(got) - taken);
        if (n > 0)
            taken += (size_t)n;
    }
    errno = saved;
}

static int source_fds[2];
static volatile size_t fed;

/* Twice nothing, then 500 bytes, four times; then end-of-file. */
static void feed(int sig)
{
    int saved = errno;
    ssize_t n;

    (void)sig;
    if (++ticks % 3 == 0 && fed < 2000) {
        n = write(source_fds[1], data + fed, 500);
        fed += n > 0 ? (size_t)n : 0;
    }
    if (ticks == 20)
        close(source_fds[1]);
    errno = saved;
}

/* copy_fd goes on after short writes, and after a signal handler has
 * interrupted a read or a write that waits (EINTR). */
Test(copy, interrupted)
{
    size_t n = rnd(30000, 40000);
    int in, out, result, error;
    off_t copied = -1;

    fill(data, MOST);
    make("in", n, 0600);
    in = open("in", O_RDONLY | O_CLOEXEC);
    NEED(in != -1 && pipe2(pipe_fds, O_CLOEXEC) == 0, "a file and a pipe");
    NEED(fcntl(pipe_fds[1], F_SETPIPE_SZ, 4096) >= 4096 &&
             fcntl(pipe_fds[0], F_SETFL, O_NONBLOCK) == 0,
         "a small pipe");
    errno = 0;
    alarm_every(TICK_US, drain, 0);
    result = copy_fd(in, pipe_fds[1], &copied);
    error = errno;
    alarm_off();
    ticks = 1;
    drain(SIGALRM);
    CHECK(result == 0, "0, in spite of signals", "%d (%s)", result,
          error_name(error));
    CHECK(copied == (off_t)n && taken == n, "%zu bytes arrive",
          "%zu arrive, copied is %lld", n, taken, (long long)copied);
    CHECK(same(data, got, n) == n, "in their order", "byte %zu differs",
          same(data, got, n));

    NEED(pipe2(source_fds, O_CLOEXEC) == 0, "a pipe");
    out = open("out", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    NEED(out != -1, "a file");
    ticks = 0;
    errno = 0;
    alarm_every(TICK_US, feed, 0);
    result = copy_fd(source_fds[0], out, &copied);
    error = errno;
    alarm_off();
    CHECK(result == 0 && copied == 2000, "0, and 2000 bytes copied",
          "%d (%s), and %lld", result, error_name(error), (long long)copied);
    check_contents("out", 2000);
}

/* A full disk, a file that may not grow, and descriptors that are not open are
 * errors, and copied tells how many bytes were written before. */
Test(copy, errors)
{
    int in, out, full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    struct rlimit old, small;
    off_t copied = -1;

    fill(data, MOST);
    make("in", 3000, 0600);
    in = open("in", O_RDONLY | O_CLOEXEC);
    out = open("out", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    NEED(in != -1 && out != -1 && full != -1, "files, and /dev/full");
    CHECK_ERROR(copy_fd(in, full, &copied), ENOSPC);
    CHECK(copied == 0, "0 bytes copied", "%lld", (long long)copied);
    CHECK_ERROR(copy_fd(-1, out, &copied), EBADF);
    CHECK(copied == 0, "0 bytes copied", "%lld", (long long)copied);

    signal(SIGXFSZ, SIG_IGN);
    NEED(lseek(in, 0, SEEK_SET) == 0 && getrlimit(RLIMIT_FSIZE, &old) == 0,
         "lseek and getrlimit");
    small = old;
    small.rlim_cur = 1000;
    NEED(setrlimit(RLIMIT_FSIZE, &small) == 0, "setrlimit");
    CHECK_ERROR(copy_fd(in, out, &copied), EFBIG);
    NEED(setrlimit(RLIMIT_FSIZE, &old) == 0, "setrlimit");
    CHECK(copied == 1000, "1000 bytes copied: no more than that fit", "%lld",
          (long long)copied);
}

static int mode_of(const char *path)
{
    struct stat s;

    return stat(path, &s) == 0 ? (int)(s.st_mode & 07777) : -1;
}

/* copy_file makes the file with the permissions asked for, less the umask; one
 * that is there loses its contents and keeps its permissions. */
Test(copy, file)
{
    size_t n = rnd(70000, MOST);

    fill(data, MOST);
    umask(027);
    make("in", n, 0600);
    CHECK_OK(copy_file("in", "new", 0666));
    check_contents("new", n);
    CHECK(mode_of("new") == 0640, "mode 0640 (0666, umask 027)", "%#o",
          mode_of("new"));
    make("old", MOST, 0604);
    CHECK_OK(copy_file("in", "old", 0666));
    check_contents("old", n);
    CHECK(mode_of("old") == 0604, "mode 0604, as before", "%#o",
          mode_of("old"));
    make("in", 0, 0600);
    CHECK_OK(copy_file("in", "old", 0666));
    check_contents("old", 0);
    CHECK_OK(copy_file("in", "/dev/null", 0666));
}

/* A file is never copied onto itself, whether it is called by the same name, by
 * a link or by a symbolic link: it would lose its contents. */
Test(copy, itself)
{
    fill(data, MOST);
    make("in", 5000, 0600);
    NEED(link("in", "twin") == 0 && symlink("in", "sign") == 0, "links");
    CHECK_ERROR(copy_file("in", "in", 0600), EINVAL);
    check_contents("in", 5000);
    CHECK_ERROR(copy_file("in", "./twin", 0600), EINVAL);
    check_contents("in", 5000);
    CHECK_ERROR(copy_file("sign", "in", 0600), EINVAL);
    check_contents("in", 5000);
}

/* What cannot be opened is an error that changes nothing, and no descriptor is
 * left open. */
Test(copy, missing)
{
    int before;

    fill(data, MOST);
    make("dst", 5000, 0600);
    make("in", 100, 0600);
    before = open_fds();
    CHECK_ERROR(copy_file("nowhere", "dst", 0600), ENOENT);
    check_contents("dst", 5000);
    CHECK_ERROR(copy_file("nowhere", "unmade", 0600), ENOENT);
    CHECK(contents("unmade") == -1, "no file is made", "there is one");
    CHECK_ERROR(copy_file("in", "nowhere/new", 0600), ENOENT);
    CHECK_ERROR(copy_file("in", "/tmp", 0600), EISDIR);
    CHECK_ERROR(copy_file("in", "/dev/full", 0600), ENOSPC);
    CHECK_ERROR(copy_file("in", "in", 0600), EINVAL);
    CHECK(open_fds() == before, "%d descriptors are open, as before", "%d are",
          before, open_fds());
}

/* A file system may tell only when the file is closed that it could not store
 * it: then copy_file fails. */
Test(copy, closing)
{
    int status = -1;
    pid_t child;

    fill(data, MOST);
    make("in", 5000, 0600);
    CHECK_OK(copy_file("in", "first", 0600));
    check_contents("first", 5000);
    child = fork();
    NEED(child != -1, "a child");
    if (child == 0) {
        if (!refuse(SYS_close, -1, EIO))
            _exit(2);
        _exit((copy_file)("in", "second", 0600) == -1 && errno == EIO ? 0 : 1);
    }
    NEED(waitpid(child, &status, 0) == child, "the end of the child");
    NEED(WIFEXITED(status) && WEXITSTATUS(status) != 2, "a seccomp filter");
    CHECK(WEXITSTATUS(status) == 0, "-1 (EIO) where close fails with EIO",
          "another result");
}

/* What these tests need of a machine. No code under test is called. */
Test(copy, machine)
{
    int fds[2], full = open("/dev/full", O_WRONLY | O_CLOEXEC);

    NEED(full != -1, "/dev/full");
    NEED(pipe2(fds, O_CLOEXEC) == 0, "a pipe");
    NEED(fcntl(fds[1], F_SETPIPE_SZ, 4096) >= 4096, "a small pipe");
    NEED(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds) == 0, "a socket pair");
    make("in", MOST, 0600);
    NEED(link("in", "twin") == 0, "a link");
    CHECK(contents("in") == MOST, "a file", "none");
}
