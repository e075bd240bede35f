#include "unit.h"

#include "shm_xfer.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define xfer(...) TESTED((xfer)(__VA_ARGS__))

enum { BIG = 700001 };

TestSuite(shm_xfer, .timeout = TEST_SECONDS);

static char data[BIG], got[BIG + 1];

static int scratch(size_t n)
{
    char path[] = "/tmp/xfer-XXXXXX";
    int fd = mkstemp(path);

    NEED(fd != -1 && write(fd, data, n) == (ssize_t)n, "a file");
    unlink(path);
    lseek(fd, 0, SEEK_SET);
    return fd;
}

/* Names in /dev/shm and lines in /proc/sysvipc. */
static int objects(void)
{
    static const char *const files[] = {"/proc/sysvipc/shm",
                                        "/proc/sysvipc/sem"};
    DIR *dir = opendir("/dev/shm");
    int count = 0, c;

    NEED(dir != NULL, "/dev/shm");
    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    for (int i = 0; i < 2; i++) {
        FILE *file = fopen(files[i], "re");

        while (file != NULL && (c = getc(file)) != EOF)
            count += c == '\n';
        if (file != NULL)
            fclose(file);
    }
    return count;
}

typedef int (*function)(int in, int out);

static void check_copy(function xfer, size_t n)
{
    int in = scratch(n), out = scratch(0), r;
    ssize_t back;
    size_t equal;

    r = xfer(in, out);
    CHECK(r == 0, "0 for %zu bytes", "%d (%s)", n, r, error_name(errno));
    back = pread(out, got, sizeof got, 0);
    equal = same(data, got, n);
    CHECK(back == (ssize_t)n && equal == n, "the same %zu bytes",
          "%zd bytes, equal up to %zu", n, back, equal);
    close(in);
    close(out);
}

static void check_copies(function xfer)
{
    fill(data, sizeof data);
    check_copy(xfer, 0);
    check_copy(xfer, 1);
    check_copy(xfer, rnd(2, 4095));
    check_copy(xfer, 65536);
    check_copy(xfer, BIG);
}

/* xfer_posix copies files of 0 bytes to 700 KB through shared memory: one
 * process reads, another one writes. */
Test(shm_xfer, posix)
{
    check_copies(xfer_posix);
}

/* xfer_sysv does the same with System V objects. */
Test(shm_xfer, sysv)
{
    check_copies(xfer_sysv);
}

static void check_error(function xfer, int in, int out, int error)
{
    int before = objects(), r;

    errno = 0;
    r = xfer(in, out);
    CHECK(r == -1 && errno == error, "-1 (%s)", "%d (%s)", error_name(error), r,
          error_name(errno));
    CHECK(objects() == before, "no object is left", "%d more",
          objects() - before);
    errno = 0;
    CHECK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD,
          "no child is left", "there is one");
}

/* Errors of reading and of writing are told by the caller, also when nobody
 * reads the pipe that is written to; nothing is left. */
Test(shm_xfer, errors)
{
    function both[] = {xfer_posix, xfer_sysv};
    int ends[2], file = scratch(sizeof data);

    NEED(pipe2(ends, O_CLOEXEC) == 0, "a pipe");
    close(ends[0]);
    for (int i = 0; i < 2; i++) {
        check_error(both[i], -1, file, EBADF);
        lseek(file, 0, SEEK_SET);
        check_error(both[i], file, -1, EBADF);
        lseek(file, 0, SEEK_SET);
        check_error(both[i], file, ends[1], EPIPE);
        lseek(file, 0, SEEK_SET);
    }
}

/* After a hundred copies no object, no descriptor, no child and no mapping is
 * left. */
Test(shm_xfer, clean)
{
    function both[] = {xfer_posix, xfer_sysv};
    int before = objects(), fds, failed = 0;
    int in = scratch(100), out = scratch(0);

    fds = open_fds();
    for (int i = 0; i < 40; i++) {
        lseek(in, 0, SEEK_SET);
        failed += both[i % 2](in, out) != 0;
    }
    CHECK(failed == 0, "all succeed", "%d fail", failed);
    CHECK(objects() == before, "no object is left", "%d more",
          objects() - before);
    CHECK(open_fds() == fds, "no descriptor is left", "%d more",
          open_fds() - fds);
    errno = 0;
    CHECK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD,
          "no child is left", "there is one");
}

/* What these tests need of a machine. No code under test is called. */
Test(shm_xfer, machine)
{
    scratch(sizeof data);
    objects();
}
