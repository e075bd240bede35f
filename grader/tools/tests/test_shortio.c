/*
 * test_shortio: runs small programs under shortio and looks at what becomes
 * of their calls.
 *
 * The small programs are in this file: started with PROGRAM=name in its
 * environment, this test is that program.  TOOLS names the tools' folder.
 */
#define _GNU_SOURCE
#include "asked.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SIZE = 4096 };

/* -- small programs: exit status 0 when all went as it should ---------------
 */

static char sent[SIZE], got[SIZE];

static void pair(int fds[2], int domain, int type)
{
    if (socketpair(domain, type, 0, fds) == -1)
        _exit(100);
    for (int i = 0; i < SIZE; i++)
        sent[i] = (char)(i * 7 + i / 256);
}

/* Half of what is asked: then the rest, until all is done. */
static int honest(void)
{
    int fds[2];
    size_t out = 0, in = 0;
    pair(fds, AF_UNIX, SOCK_STREAM);
    while (out < SIZE)
        out += (size_t)write(fds[0], sent + out, SIZE - out);
    while (in < SIZE)
        in += (size_t)read(fds[1], got + in, SIZE - in);
    return memcmp(sent, got, SIZE) != 0;
}

/* Exits with the number of calls that did all: 4, when nobody meddles. */
static int naive(void)
{
    int fds[2], whole = 0;
    pair(fds, AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK);
    whole += write(fds[0], sent, SIZE) == SIZE;
    whole += send(fds[0], sent, SIZE, 0) == SIZE;
    whole += recv(fds[1], got, SIZE, 0) == SIZE;
    whole += read(fds[1], got, SIZE) == SIZE;
    return whole;
}

/* The vectors' halves are whole segments, in order. */
static int vectors(void)
{
    int fds[2];
    struct iovec out[3] = {{sent, 0}, {sent, 1000}, {sent + 1000, 3096}};
    struct iovec in[2] = {{got, 3000}, {got + 3000, 1000}};
    struct msghdr message = {.msg_iov = out + 1, .msg_iovlen = 2};
    pair(fds, AF_UNIX, SOCK_STREAM);
    if (writev(fds[0], out, 3) != 1000 || sendmsg(fds[0], &message, 0) != 1000)
        return 1;
    if (readv(fds[1], in, 2) != 2000 || memcmp(got, sent, 1000) != 0)
        return 2;
    return memcmp(got + 1000, sent, 1000) != 0;
}

/* What is no stream, or one byte, or asked for with MSG_WAITALL, is whole. */
static int others(void)
{
    int datagrams[2], stream[2], bytes[2];
    int event = eventfd(0, 0);
    uint64_t count = 5;
    pair(datagrams, AF_UNIX, SOCK_DGRAM);
    pair(stream, AF_UNIX, SOCK_STREAM);
    if (write(event, &count, 8) != 8 || read(event, &count, 8) != 8)
        return 1;
    if (write(datagrams[0], sent, 999) != 999 ||
        read(datagrams[1], got, 999) != 999)
        return 2;
    if (pipe(bytes) == -1 || write(bytes[1], sent, 999) != 999 ||
        read(bytes[0], got, 999) != 999)
        return 3;
    for (int i = 0; i < 10; i++)
        if (write(stream[0], sent + i, 1) != 1)
            return 4;
    if (recv(stream[1], got, 10, MSG_PEEK) != 10 ||
        recv(stream[1], got, 10, MSG_WAITALL) != 10)
        return 5;
    return memcmp(got, sent, 10) != 0;
}

/* After a short count a socket with EPOLLET would never be reported again. */
static int edge(void)
{
    int fds[2], epoll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN | EPOLLET};
    pair(fds, AF_UNIX, SOCK_STREAM);
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fds[0], &event) == -1 ||
        write(fds[0], sent, 1000) != 1000)
        return 1;
    event.events = EPOLLIN;
    if (epoll_ctl(epoll, EPOLL_CTL_MOD, fds[0], &event) == -1 ||
        write(fds[0], sent, 1000) != 500)
        return 2;
    return 0;
}

static void *pump(void *arg)
{
    (void)arg;
    return (void *)(intptr_t)honest();
}

static int threads(void)
{
    pthread_t all[8];
    int wrong = 0;
    /* honest() shares its buffers, which all threads fill alike */
    for (int i = 0; i < 8; i++)
        if (pthread_create(&all[i], NULL, pump, NULL) != 0)
            return 1;
    for (int i = 0; i < 8; i++) {
        void *result;
        pthread_join(all[i], &result);
        wrong += result != NULL;
    }
    return wrong;
}

static volatile sig_atomic_t alarms, alarm_fd;

/* The third alarm brings what the read waits for. */
static void on_alarm(int sig)
{
    (void)sig;
    if (++alarms == 3 && write(alarm_fd, "eight !", 8) != 8)
        _exit(100);
}

/* A readv that a signal interrupts starts again as it was asked for: it is a
 * readv, and 4 of 8 bytes come; lowered each time they would be fewer. */
static int restarted(void)
{
    struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    struct itimerval often = {{0, 5000}, {0, 5000}}, never = {{0, 0}, {0, 0}};
    int fds[2];
    pair(fds, AF_UNIX, SOCK_STREAM);
    alarm_fd = fds[0];
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    struct iovec in = {got, 8};
    ssize_t n = readv(fds[1], &in, 1);
    setitimer(ITIMER_REAL, &never, NULL);
    return n != 4 || memcmp(got, "eigh", 4) != 0;
}

#ifdef __x86_64__
/* A program may count on its registers: all but rax, rcx and r11 survive. */
static int registers_kept(void)
{
    int fds[2];
    pair(fds, AF_UNIX, SOCK_STREAM);
    struct iovec two[2] = {{sent, 10}, {sent, 10}};
    long result = SYS_writev, fd = fds[0], count = 2;
    struct iovec *vector = two;
    __asm__ volatile("syscall"
                     : "+a"(result), "+D"(fd), "+S"(vector), "+d"(count)
                     :
                     : "rcx", "r11", "memory");
    return result != 10 || count != 2 || vector != two || fd != fds[0];
}
#endif

/* A stopped child is seen as stopped, stays so, and goes on when told to. */
static int stopped(void)
{
    int status, ends[2];
    if (pipe(ends) == -1)
        return 1;
    pid_t child = fork();
    if (child == -1)
        return 2;
    if (child == 0) {
        raise(SIGSTOP);
        _exit(write(ends[1], "!", 1) == 1 ? 7 : 8);
    }
    struct pollfd moved = {.fd = ends[0], .events = POLLIN};
    if (waitpid(child, &status, WUNTRACED) != child || !WIFSTOPPED(status))
        return 3;
    int still = poll(&moved, 1, 50) == 0;
    kill(child, SIGCONT);
    if (waitpid(child, &status, 0) != child || WEXITSTATUS(status) != 7)
        return 4;
    return still ? 0 : 5;
}

static int killed(void)
{
    raise(SIGTERM);
    return 0;
}

static int forwarded(void)
{
    sigset_t set;
    int sig;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    kill(getppid(), SIGUSR1); /* to shortio, which passes it on */
    return sigwait(&set, &sig) != 0 || sig != SIGUSR1;
}

/* Becomes `naive`; but counts as another program if it is reached by a link. */
static int launcher(void)
{
    if (naive() != 4)
        return 50;
    setenv("PROGRAM", "naive", 1);
    execl(getenv("TARGET"), "target", (char *)NULL);
    return 51;
}

static const struct {
    const char *name;
    int (*run)(void);
} programs[] = {
    {"honest", honest},
    {"naive", naive},
    {"vectors", vectors},
    {"others", others},
    {"edge", edge},
    {"threads", threads},
    {"restarted", restarted},
    {"stopped", stopped},
    {"killed", killed},
    {"forwarded", forwarded},
    {"launcher", launcher},
#ifdef __x86_64__
    {"registers_kept", registers_kept},
#endif
};

__attribute__((constructor)) static void be_a_program(void)
{
    const char *name = getenv("PROGRAM");
    if (name == NULL)
        return;
    for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
        if (strcmp(name, programs[i].name) == 0)
            _exit(programs[i].run());
    _exit(101);
}

/* -- running them ---------------------------------------------------------- */

struct outcome {
    int status;
    unsigned long shortened, calls;
    char text[16384]; /* the report */
};

static char *self(void)
{
    static char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
    cr_assert(n > 0);
    return path;
}

static void read_report(int fd, struct outcome *outcome)
{
    ssize_t n = pread(fd, outcome->text, sizeof(outcome->text) - 1, 0);
    cr_assert(n > 0, "no report");
    outcome->text[n] = '\0';
    cr_assert(sscanf(outcome->text, "shortened=%lu calls=%lu",
                     &outcome->shortened, &outcome->calls) == 2);
}

/* options: NULL-terminated, between shortio and this program. */
static struct outcome run(const char *program, const char *const options[])
{
    struct outcome outcome = {0};
    char tool[4096], report[32];
    char *argv[16] = {tool, "-o", report};
    int argc = 3, fd = memfd_create("report", 0);
    snprintf(tool, sizeof(tool), "%s/shortio", getenv("TOOLS"));
    snprintf(report, sizeof(report), "/proc/self/fd/%d", fd);
    for (; *options != NULL; options++)
        argv[argc++] = (char *)*options;
    argv[argc] = self();
    pid_t child = fork();
    if (child == 0) {
        setenv("PROGRAM", program, 1);
        execv(tool, argv);
        _exit(102);
    }
    cr_assert(waitpid(child, &outcome.status, 0) == child);
    read_report(fd, &outcome);
    close(fd);
    return outcome;
}

#define RUN(program, ...) run(program, (const char *const[]){__VA_ARGS__, NULL})
#define PLAIN(program) run(program, (const char *const[]){NULL})

/* Criterion's own limit: nothing here takes a second. */
TestSuite(shortio, .timeout = 20);

Test(shortio, an_honest_program_gets_all_through)
{
    struct outcome o = PLAIN("honest");
    cr_assert(eq(int, o.status, 0));
    cr_assert(o.shortened >= 2 && o.calls >= o.shortened);
    cr_assert(strstr(o.text, ") 4096 -> 2048\n") != NULL);
    cr_assert(strstr(o.text, "write(") < strstr(o.text, "read("));
}

Test(shortio, a_naive_program_is_found_out)
{
    cr_assert(eq(int, WEXITSTATUS(PLAIN("naive").status), 0));
}

Test(shortio, only_the_chosen_direction)
{
    struct outcome reads = RUN("naive", "-m", "read");
    struct outcome writes = RUN("naive", "-m", "write");
    cr_assert(eq(int, WEXITSTATUS(reads.status), 2));
    cr_assert(eq(ulong, reads.calls, 2));
    cr_assert(strstr(reads.text, "write") == NULL);
    cr_assert(eq(int, WEXITSTATUS(writes.status), 1));
    cr_assert(eq(ulong, writes.calls, 2));
    cr_assert(strstr(writes.text, "read") == NULL);
}

Test(shortio, every_third_call)
{
    struct outcome o = RUN("naive", "-n", "3");
    cr_assert(eq(int, WEXITSTATUS(o.status), 3));
    cr_assert(eq(ulong, o.shortened, 1));
    cr_assert(eq(ulong, o.calls, 4));
    cr_assert(strstr(o.text, "recvfrom(") != NULL);
}

Test(shortio, vectors_and_messages)
{
    struct outcome o = PLAIN("vectors");
    cr_assert(eq(int, o.status, 0));
    cr_assert(strstr(o.text, ") 4096 -> 1000\nsendmsg(") != NULL);
    cr_assert(strstr(o.text, ") 4096 -> 1000\nreadv(") != NULL);
    cr_assert(strstr(o.text, ") 4000 -> 2000\n") != NULL);
}

Test(shortio, what_is_no_stream_is_left_alone)
{
    struct outcome o = PLAIN("others");
    cr_assert(eq(int, o.status, 0));
    cr_assert(eq(ulong, o.calls, 0));
}

Test(shortio, an_edge_triggered_socket_is_left_alone)
{
    struct outcome o = PLAIN("edge");
    cr_assert(eq(int, o.status, 0));
    cr_assert(eq(ulong, o.calls, 1));
}

Test(shortio, threads)
{
    struct outcome o = PLAIN("threads");
    cr_assert(eq(int, o.status, 0));
    cr_assert(o.shortened >= 16);
}

Test(shortio, an_interrupted_call)
{
    cr_assert(eq(int, RUN("restarted", "-m", "read").status, 0));
}

Test(shortio, group_stop)
{
    cr_assert(eq(int, PLAIN("stopped").status, 0));
}

#ifdef __x86_64__
Test(shortio, registers)
{
    struct outcome o = PLAIN("registers_kept");
    cr_assert(eq(int, o.status, 0));
    cr_assert(eq(ulong, o.shortened, 1));
}
#endif

Test(shortio, death_by_signal_is_passed_up)
{
    int status = PLAIN("killed").status;
    cr_assert(eq(int, WTERMSIG(status), SIGTERM));
}

Test(shortio, signals_are_passed_on)
{
    cr_assert(eq(int, PLAIN("forwarded").status, 0));
}

/* A copy of this program at another place: that is the one that counts. */
Test(shortio, the_launcher_does_not_count)
{
    char copy[] = "/tmp/shortio-XXXXXX", command[8300];
    int fd = mkstemp(copy);
    cr_assert(fd != -1);
    close(fd);
    snprintf(command, sizeof(command), "install -m 755 %s %s", self(), copy);
    cr_assert(system(command) == 0);
    setenv("TARGET", copy, 1);
    struct outcome o = RUN("launcher", "-p", copy);
    unlink(copy);
    cr_assert(eq(int, WEXITSTATUS(o.status), 0));
    cr_assert(eq(ulong, o.calls, 4));
}

Test(shortio, a_report_has_its_limit)
{
    struct outcome o = PLAIN("threads");
    int lines = 0;
    for (char *p = o.text; (p = strchr(p, '\n')) != NULL; p++)
        lines++;
    cr_assert(lines <= 201);
}

/* -- the arithmetic ---------------------------------------------------------
 */

Test(asked, half_of_all_within_the_first_buffer)
{
    cr_assert(eq(sz, shorter(&(struct asked){.first = 9, .total = 9}), 4));
    cr_assert(eq(sz, shorter(&(struct asked){.first = 2, .total = 2}), 1));
    cr_assert(eq(sz, shorter(&(struct asked){.first = 1, .total = 99}), 1));
    cr_assert(eq(sz, shorter(&(struct asked){.first = 90, .total = 99}), 49));
}

Test(asked, kinds)
{
    cr_assert(kind_of(SYS_write)->direction == WRITES);
    cr_assert(kind_of(SYS_readv)->plain == SYS_read);
    cr_assert(kind_of(SYS_close) == NULL);
}
