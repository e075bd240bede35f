/*
 * unit_signals.c - Criterion tests of drill `signals`
 *
 * see also: labs/processes/signals.h (the contract), given.h
 */
#include "given.h"

#include "signals.h"

#include <poll.h>

#define on_signal(...) TESTED(on_signal(__VA_ARGS__))
#define signal_fd_pipe(...) TESTED(signal_fd_pipe(__VA_ARGS__))
#define wait_signal_timeout(...) TESTED(wait_signal_timeout(__VA_ARGS__))

enum {
    MANY = 30,
    TICK_US = 2000,
    WAIT_MS = 60,
    STORM_MS = 250,
    SLACK_MS = 2000
};

TestSuite(signals, .timeout = TEST_SECONDS);

static volatile sig_atomic_t inside, nested, runs, last;

static void count(int sig)
{
    runs++;
    last = sig;
}

/* Another signal comes while it runs. */
static void disturbed(int sig)
{
    inside = 1;
    count(sig);
    raise(SIGUSR2);
    inside = 0;
}

static void other(int sig)
{
    (void)sig;
    nested += inside;
    runs++;
}

/* A child that sends the signal until the parent reads what it writes then. */
static pid_t child_that_signals(int sig, int *from)
{
    pid_t parent = getpid(), pid;
    int ends[2];

    NEED(pipe(ends) == 0, "a pipe");
    *from = ends[0];
    pid = fork();
    NEED(pid != -1, "a process");
    if (pid == 0) {
        for (int i = 0; i < 10; i++) {
            kill(parent, sig); /* getppid() may be 1 by now */
            nanosleep(&(struct timespec){0, 3000000}, NULL);
        }
        _exit(write(ends[1], "x", 1) == 1 ? 0 : 1);
    }
    close(ends[1]);
    return pid;
}

/* on_signal installs a handler that runs each time, lets interrupted calls go
 * on, and is not disturbed by other signals. */
Test(signals, handler)
{
    int result = on_signal(SIGUSR1, count), from, error;
    char byte = 0;
    pid_t child;
    ssize_t n;

    CHECK(result == 0, "0", "%d (%s)", result, error_name(errno));
    raise(SIGUSR1);
    raise(SIGUSR1);
    raise(SIGUSR1);
    CHECK(runs == 3 && last == SIGUSR1, "three runs of the handler", "%d",
          (int)runs);
    child = child_that_signals(SIGUSR1, &from);
    n = read(from, &byte, 1);
    error = errno;
    CHECK(n == 1,
          "read returns 1 byte, whatever signals come before (SA_RESTART)",
          "%zd (%s)", n, error_name(error));
    CHECK(status_of(child) == 0 && runs > 3, "it ran meanwhile", "%d runs",
          (int)runs);
    result = on_signal(SIGUSR1, disturbed) | on_signal(SIGUSR2, other);
    CHECK(result == 0, "0 for a second handler", "%d", result);
    runs = 0;
    raise(SIGUSR1);
    CHECK(nested == 0, "SIGUSR2 waits until the handler of SIGUSR1 is through",
          "it came in between");
    CHECK(runs == 2, "both handlers ran", "%d did", (int)runs);
    result = on_signal(SIGKILL, count);
    error = errno;
    CHECK(result == -1 && error == EINVAL, "-1 (EINVAL) for SIGKILL", "%d (%s)",
          result, error_name(error));
    result = on_signal(0, count);
    error = errno;
    CHECK(result == -1 && error == EINVAL, "-1 (EINVAL) for signal 0",
          "%d (%s)", result, error_name(error));
}

static bool readable(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    return poll(&p, 1, 0) == 1;
}

/* How many bytes can be read now. */
static long drain(int fd)
{
    char bytes[4096];
    long sum = 0;
    ssize_t n;

    while ((n = read(fd, bytes, sizeof(bytes))) > 0)
        sum += n;
    return sum;
}

/* Writes until nothing more fits; false if fd is no end of a pipe. */
static bool fill_pipe(int fd)
{
    char path[40], bytes[4096] = "";
    int to;

    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    to = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (to == -1)
        return false;
    while (write(to, bytes, sizeof(bytes)) > 0)
        ;
    close(to);
    return true;
}

/* signal_fd_pipe makes a descriptor readable; the handler never blocks, however
 * full the pipe is, and keeps errno. */
Test(signals, pipe)
{
    int fd = signal_fd_pipe(SIGUSR1), second, error, kept = 0, flags, fds;

    CHECK(fd >= 0, "a descriptor", "%d (%s)", fd, error_name(errno));
    flags = fcntl(fd, F_GETFL);
    CHECK(flags & O_NONBLOCK, "a non-blocking end to read from", "flags %#o",
          flags);
    CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC, "close-on-exec", "it is inherited");
    CHECK(!readable(fd), "nothing to read before a signal comes", "something");
    second = signal_fd_pipe(SIGUSR2);
    CHECK(second >= 0 && second != fd, "another descriptor for another signal",
          "%d", second);
    raise(SIGUSR1);
    CHECK(readable(fd) && !readable(second),
          "the one descriptor is readable, the other is not", "%d and %d",
          readable(fd), readable(second));
    CHECK(drain(fd) == 1, "one byte for one signal", "another number");
    CHECK(fill_pipe(fd), "the end of a pipe", "something else");
    for (int i = 0; i < MANY; i++) {
        errno = EDOM;
        raise(SIGUSR1);
        kept += errno == EDOM;
    }
    CHECK(kept == MANY, "errno is kept by the handler, %d times", "%d times",
          MANY, kept);
    CHECK(drain(fd) > 1000 && !readable(fd), "a full pipe can be emptied",
          "it cannot");
    raise(SIGUSR1);
    CHECK(readable(fd), "and becomes readable again", "it does not");
    fds = open_fds();
    errno = 0;
    second = signal_fd_pipe(SIGKILL);
    error = errno;
    CHECK(second == -1 && error == EINVAL && open_fds() == fds,
          "-1 (EINVAL) for SIGKILL, and no descriptor more", "%d (%s), %d more",
          second, error_name(error), open_fds() - fds);
}

static bool is_blocked(int sig)
{
    sigset_t set;

    sigprocmask(SIG_BLOCK, NULL, &set);
    return sigismember(&set, sig) == 1;
}

/* wait_signal_timeout notices a signal that came before or comes meanwhile,
 * and ends in time, even if other signals interrupt it again and again. */
Test(signals, timeout)
{
    sigset_t set;
    int64_t begin;
    int result, ms, from;
    pid_t child;

    NEED(signal(SIGUSR1, count) != SIG_ERR, "a handler");
    begin = now_us();
    result = wait_signal_timeout(SIGUSR1, WAIT_MS);
    ms = (int)((now_us() - begin) / 1000);
    CHECK(result == 0, "0 when the time is up", "%d (%s)", result,
          error_name(errno));
    CHECK(ms >= WAIT_MS && ms <= WAIT_MS + SLACK_MS, "after %d ms", "%d ms",
          WAIT_MS, ms);
    CHECK(!is_blocked(SIGUSR1), "the mask as before", "SIGUSR1 stays blocked");
    child = child_that_signals(SIGUSR1, &from);
    result = wait_signal_timeout(SIGUSR1, 2000);
    CHECK(result == 1, "1 when it comes", "%d (%s)", result, error_name(errno));
    CHECK(status_of(child) == 0, "the child ends", "it does not");
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    runs = 0;
    raise(SIGUSR1);
    result = wait_signal_timeout(SIGUSR1, 0);
    CHECK(result == 1, "1 for one that waits already", "%d", result);
    CHECK(is_blocked(SIGUSR1), "it stays blocked", "it is open");
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    CHECK(runs == 0, "no handler runs for it any more", "%d runs", (int)runs);
    alarm_every(TICK_US, nothing, 0);
    begin = now_us();
    result = wait_signal_timeout(SIGUSR1, STORM_MS);
    ms = (int)((now_us() - begin) / 1000);
    alarm_off();
    CHECK(result == 0 && ms >= STORM_MS && ms <= STORM_MS + SLACK_MS,
          "0 after %d ms, while SIGALRM comes every 2 ms", "%d after %d ms",
          STORM_MS, result, ms);
}

/* What these tests need of a machine. No code under test is called. */
Test(signals, machine)
{
    int from;
    char byte;
    pid_t child;

    NEED(signal(SIGUSR1, count) != SIG_ERR, "a handler");
    child = child_that_signals(SIGUSR1, &from);
    NEED(read(from, &byte, 1) == 1 && status_of(child) == 0, "a child");
}
