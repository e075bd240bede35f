/*
 * unit_fdtable.c - Criterion tests of drill `fdtable`
 *
 * The comment before a test is the sentence that the student reads.
 *
 * see also: labs/files/fdtable.h (the contract), ../unit.h, dup(2)
 */
#include "../unit.h"

#include "fdtable.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define dup_onto(...) TESTED(dup_onto(__VA_ARGS__))
#define same_description(...) TESTED(same_description(__VA_ARGS__))

enum { LIMIT = 64 };

TestSuite(fdtable, .timeout = TEST_SECONDS);

/* A descriptor of a new, empty file. */
static int new_file(void)
{
    char name[] = "/tmp/fdtable-XXXXXX";
    int fd = mkostemp(name, O_CLOEXEC);

    NEED(fd != -1, "a file in /tmp");
    unlink(name);
    return fd;
}

/* Whether two descriptors share an offset: moves it. */
static bool share_offset(int a, int b)
{
    off_t place = (off_t)rnd(1, 1000000);

    return lseek(a, place, SEEK_SET) == place && lseek(b, 0, SEEK_CUR) == place;
}

#define CHECK_RESULT(result, want, error, what)                         \
    do {                                                                \
        errno = 0;                                                      \
        int result_ = (result), error_ = errno;                         \
        CHECK(result_ == (want) && ((error) == 0 || error_ == (error)), \
              "%d %s " what, "%d %s", (want),                           \
              (error) ? error_name(error) : "", result_,                \
              error_ ? error_name(error_) : "");                        \
    } while (0)

/* dup_onto makes a descriptor refer to what another one refers to: one that was
 * closed, one that was open, and itself. */
Test(fdtable, dup_onto)
{
    int old = new_file(), other = new_file(), ends[2];
    int closed = (int)rnd(20, 60);
    char byte;

    NEED(pipe2(ends, O_CLOEXEC) == 0, "a pipe");
    CHECK_RESULT(dup_onto(old, closed), closed, 0, "for a number that is free");
    CHECK(share_offset(old, closed), "both share one offset", "they do not");
    CHECK(fcntl(closed, F_GETFD) == 0,
          "the new descriptor is not close-on-exec", "it is");
    CHECK_RESULT(dup_onto(old, other), other, 0, "for a number in use");
    CHECK(share_offset(old, other), "both share one offset", "they do not");
    CHECK_RESULT(dup_onto(old, ends[1]), ends[1], 0, "for the end of a pipe");
    CHECK(read(ends[0], &byte, 1) == 0,
          "what the number referred to before is closed: end-of-file",
          "the pipe is still open for writing");
    CHECK(fcntl(old, F_GETFD) == FD_CLOEXEC, "the old descriptor is as it was",
          "its flags are %d", fcntl(old, F_GETFD));
    CHECK_RESULT(dup_onto(old, old), old, 0, "for the same descriptor");
    CHECK(fcntl(old, F_GETFD) == FD_CLOEXEC,
          "the same descriptor twice: close-on-exec stays", "the flags are %d",
          fcntl(old, F_GETFD));
    CHECK_RESULT(dup_onto(closed, other), other, 0,
                 "where both refer to the same already");
}

/* A descriptor that is not open, and numbers that are none: EBADF, and nothing
 * is closed. */
Test(fdtable, errors)
{
    int kept = new_file(), before, after;
    struct rlimit limit = {LIMIT, LIMIT};

    NEED(setrlimit(RLIMIT_NOFILE, &limit) == 0, "setrlimit");
    before = open_fds();
    CHECK_RESULT(dup_onto(50, kept), -1, EBADF, "for an old one not open");
    CHECK(fcntl(kept, F_GETFD) != -1,
          "where the old one is not open, the new one stays open",
          "it is gone");
    CHECK_RESULT(dup_onto(50, 50), -1, EBADF, "for the same, not open");
    CHECK_RESULT(dup_onto(-1, kept), -1, EBADF, "for old -1");
    CHECK_RESULT(dup_onto(kept, -1), -1, EBADF, "for new -1");
    CHECK_RESULT(dup_onto(kept, LIMIT), -1, EBADF, "for new = the limit");
    CHECK_RESULT(dup_onto(kept, 1 << 30), -1, EBADF, "for new = 2^30");
    CHECK_RESULT(dup_onto(kept, LIMIT - 1), LIMIT - 1, 0, "for limit - 1");
    after = open_fds();
    CHECK(after == before + 1, "one descriptor more than before",
          "%d before, %d after", before, after);
}

/* same_description tells a duplicate from a second open, for files, pipes and
 * sockets, and changes nothing. */
Test(fdtable, same_description)
{
    int file = open("/dev/null", O_RDWR | O_APPEND | O_CLOEXEC), again, copy;
    int plain = new_file(), twin, ends[2], pair[2];
    char name[64];

    snprintf(name, sizeof name, "/proc/self/fd/%d", plain);
    again = open(name, O_RDWR | O_CLOEXEC);
    copy = dup(plain);
    NEED(file != -1 && again != -1 && copy != -1, "descriptors");
    NEED(pipe2(ends, O_NONBLOCK) == 0, "a pipe");
    NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0, "sockets");
    twin = dup(pair[0]);
    lseek(plain, 77, SEEK_SET);
    CHECK_RESULT(same_description(plain, copy), 1, 0, "for a duplicate");
    CHECK_RESULT(same_description(plain, again), 0, 0,
                 "for the same file opened twice");
    CHECK_RESULT(same_description(plain, plain), 1, 0, "for itself");
    CHECK(lseek(plain, 0, SEEK_CUR) == 77, "the offset stays", "it moved");
    lseek(again, 77, SEEK_SET);
    CHECK_RESULT(same_description(plain, again), 0, 0,
                 "for two with the same offset and flags");
    CHECK_RESULT(same_description(ends[0], ends[1]), 0, 0,
                 "for the ends of a pipe");
    CHECK_RESULT(same_description(pair[0], twin), 1, 0,
                 "for a duplicate of a socket");
    CHECK_RESULT(same_description(pair[0], pair[1]), 0, 0,
                 "for two sockets of a pair");
    CHECK((fcntl(file, F_GETFL) & O_APPEND) != 0 &&
              (fcntl(ends[0], F_GETFL) & O_NONBLOCK) != 0 &&
              (fcntl(plain, F_GETFL) & (O_APPEND | O_NONBLOCK)) == 0,
          "the status flags stay", "they changed");
    CHECK_RESULT(same_description(plain, 99), -1, EBADF, "for one not open");
    CHECK_RESULT(same_description(99, plain), -1, EBADF, "for one not open");
}

/* What these tests need of a machine. No code under test is called. */
Test(fdtable, machine)
{
    int ends[2];

    new_file();
    NEED(pipe2(ends, O_CLOEXEC) == 0, "a pipe");
    NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "sockets");
    NEED(open("/dev/null", O_RDWR) != -1 && open_fds() > 0, "descriptors");
}
