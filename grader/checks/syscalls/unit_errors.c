/*
 * unit_errors.c - Criterion tests of drill `errors`
 *
 * The comment before a test is the sentence that the student reads. die runs in
 * children, whose stdout and stderr are pipes.
 *
 * see also: labs/syscalls/errors.h (the contract), unit.h
 */
#include "unit.h"

#include "errors.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define format_error(...) TESTED(format_error(__VA_ARGS__))

enum { GUARD_BYTE = 0x5a, ROOM = 512 };

TestSuite(errors, .timeout = TEST_SECONDS);

static const int numbers[] = {ENOENT, EACCES, EAGAIN, EDQUOT, EILSEQ, EPERM};

/* The message as it must be. */
static const char *expected(const char *what, int error)
{
    static char text[ROOM];
    const char *name = strerrorname_np(error);

    if (name != NULL)
        snprintf(text, sizeof(text), "%s: %s (%s)", what, strerror(error),
                 name);
    else
        snprintf(text, sizeof(text), "%s: %s", what, strerror(error));
    return text;
}

/* Formats, and checks text, length, errno and what lies behind. */
static void check_text(size_t size, const char *what, int error)
{
    const char *want = expected(what, error);
    size_t length = strlen(want), kept = size > length ? length : size - 1;
    char buf[ROOM + 1];
    int n, after, untouched = 0;

    memset(buf, GUARD_BYTE, sizeof(buf));
    errno = EDOM;
    n = format_error(buf, size, what, error);
    after = errno;
    for (size_t i = size; i < sizeof(buf); i++)
        untouched += buf[i] == GUARD_BYTE;
    CHECK(untouched == (int)(sizeof(buf) - size),
          "nothing is written behind the %zu bytes of buf", "%zu are", size,
          sizeof(buf) - size - (size_t)untouched);
    CHECK(memchr(buf, '\0', size) != NULL, "a '\\0' within %zu bytes", "none",
          size);
    CHECK(strncmp(buf, want, kept) == 0 && strlen(buf) == kept, "\"%.*s\"",
          "\"%s\"", (int)kept, want, buf);
    CHECK(n == (int)length, "the whole length, %zu", "%d", length, n);
    CHECK(after == EDOM, "errno is EDOM as before", "%s", error_name(after));
}

/* format_error writes what, the text and the name of an error, also of one that
 * has no name, and leaves errno alone. */
Test(errors, text)
{
    const char *whats[] = {"/etc/shadow", "open", "", "100% %s%n"};

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        check_text(ROOM, whats[i % 4], numbers[i]);
    check_text(ROOM, "x", 4095);
    check_text(ROOM, "x", (int)rnd(5000, 100000));
}

/* format_error never writes behind the end of buf, always ends it with '\0',
 * and returns the length of the whole message. */
Test(errors, bounds)
{
    const char *what = "a/rather/long/name/of/a/file";
    int n, length = (int)strlen(expected(what, ENOENT));

    check_text(rnd(2, 20), what, ENOENT);
    check_text(1, what, ENOENT);
    check_text((size_t)length + 1, what, ENOENT);
    check_text((size_t)length, what, ENOENT);
    n = format_error(NULL, 0, what, ENOENT);
    CHECK(n == length, "with size 0 the length, %d", "%d", length, n);
}

static int stdout_pipe[2], stderr_pipe[2];

static void at_exit(void)
{
    static const char text[] = "atexit";

    if (write(stdout_pipe[1], text, sizeof(text) - 1) == -1)
        _exit(99);
}

/* A child with something in its stdout buffer and something to do atexit, whose
 * die is called with this errno. Returns the wait status. */
static int child_dies(const char *what, int error)
{
    int status = -1;
    pid_t pid;

    NEED(pipe(stdout_pipe) == 0 && pipe(stderr_pipe) == 0, "two pipes");
    fflush(NULL);
    pid = fork();
    NEED(pid != -1, "a child");
    if (pid == 0) {
        dup2(stdout_pipe[1], 1);
        dup2(stderr_pipe[1], 2);
        setvbuf(stdout, NULL, _IOFBF, 4096);
        printf("pending");
        atexit(at_exit);
        errno = error;
        die(what);
    }
    close(stdout_pipe[1]);
    close(stderr_pipe[1]);
    NEED(waitpid(pid, &status, 0) == pid, "the end of the child");
    return status;
}

/* What came out of a pipe. */
static const char *said(int fd, char *buf, size_t size)
{
    ssize_t n, sum = 0;

    while ((n = read(fd, buf + sum, size - 1 - (size_t)sum)) > 0)
        sum += n;
    buf[sum] = '\0';
    close(fd);
    return buf;
}

/* die writes one line with the program's name and the error to stderr, flushes
 * nothing, calls no function of atexit, and exits with status 1. */
Test(errors, die)
{
    char out[ROOM], message[ROOM], want[2 * ROOM];
    int status;

    for (int i = 0; i < 2; i++) {
        status = child_dies("config", numbers[i]);
        said(stdout_pipe[0], out, sizeof(out));
        said(stderr_pipe[0], message, sizeof(message));
        snprintf(want, sizeof(want), "%s: %s\n", program_invocation_short_name,
                 expected("config", numbers[i]));
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 1, "exit status 1",
              "wait status %#x", (unsigned)status);
        CHECK(strcmp(message, want) == 0, "on stderr \"%s\"", "\"%s\"", want,
              message);
        CHECK(out[0] == '\0', "nothing on stdout: it is the parent's", "\"%s\"",
              out);
    }
}

/* What these tests need of a machine. No code under test is called. */
Test(errors, machine)
{
    int fds[2];
    pid_t pid;

    NEED(pipe(fds) == 0, "a pipe");
    pid = fork();
    if (pid == 0)
        _exit(0);
    NEED(pid != -1 && waitpid(pid, NULL, 0) == pid, "a child");
    CHECK(true, "a machine", "none");
}
