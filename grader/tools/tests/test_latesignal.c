/*
 * test_latesignal: runs small programs under latesignal and looks at who loses
 * the signal.
 *
 * The small programs are in this file: started with PROGRAM=name in its
 * environment, this test is that program.  TOOLS names the tools' folder.
 */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LOST = 9, TICK = 20, PATIENCE = 500 /* both in milliseconds */ };

/* -- small programs: exit status 0 when the signal was noticed --------------
 */

static volatile sig_atomic_t stop;
static int epoll, wake[2]; /* wake[0] is watched by epoll; a pipe */
static sigset_t none, term;

static void note(int sig)
{
    (void)sig;
    stop++;
}

static void write_byte(int sig)
{
    (void)sig;
    if (write(wake[1], "!", 1) != 1)
        _exit(100);
}

static void lost(int sig)
{
    (void)sig;
    _exit(LOST);
}

static void leave(int sig)
{
    (void)sig;
    _exit(0);
}

static void on(int sig, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler};
    if (sigaction(sig, &action, NULL) == -1)
        _exit(100);
}

static void watch(int fd)
{
    struct epoll_event event = {.events = EPOLLIN};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == -1)
        _exit(100);
}

static void prepare(void)
{
    epoll = epoll_create1(0);
    if (epoll == -1 || pipe(wake) == -1)
        _exit(100);
    watch(wake[0]);
    sigemptyset(&none);
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
}

static void block(void)
{
    sigprocmask(SIG_BLOCK, &term, NULL);
}

static int wait_for(int milliseconds)
{
    struct epoll_event event;
    return epoll_wait(epoll, &event, 1, milliseconds);
}

/* Sleeps for ever, and somebody must end that. */
static void watchdog(void)
{
    struct itimerval soon = {.it_value = {0, PATIENCE * 1000}};
    on(SIGALRM, lost);
    setitimer(ITIMER_REAL, &soon, NULL);
}

static int naive(void)
{
    on(SIGTERM, note);
    watchdog();
    while (!stop)
        wait_for(-1);
    return 0;
}

static int naive_poll(void)
{
    on(SIGTERM, note);
    watchdog();
    while (!stop)
        poll(NULL, 0, -1);
    return 0;
}

static int naive_select(void)
{
    on(SIGTERM, note);
    watchdog();
    while (!stop)
        select(0, NULL, NULL, NULL, NULL);
    return 0;
}

static int naive_pause(void)
{
    on(SIGTERM, note);
    watchdog();
    while (!stop)
        pause();
    return 0;
}

static int tick(void)
{
    on(SIGTERM, note);
    while (!stop)
        wait_for(TICK);
    return 0;
}

static int with_epoll_pwait(void)
{
    struct epoll_event event;
    on(SIGTERM, note);
    block();
    while (!stop)
        epoll_pwait(epoll, &event, 1, -1, &none);
    return 0;
}

static int with_epoll_pwait2(void)
{
    struct epoll_event event;
    on(SIGTERM, note);
    block();
    while (!stop)
        if (syscall(SYS_epoll_pwait2, epoll, &event, 1, NULL, &none, 8) == -1 &&
            errno == ENOSYS)
            return 0;
    return 0;
}

static int with_ppoll(void)
{
    on(SIGTERM, note);
    block();
    while (!stop)
        ppoll(NULL, 0, NULL, &none);
    return 0;
}

static int with_pselect(void)
{
    on(SIGTERM, note);
    block();
    while (!stop)
        pselect(0, NULL, NULL, NULL, NULL, &none);
    return 0;
}

static int with_sigsuspend(void)
{
    on(SIGTERM, note);
    block();
    while (!stop)
        sigsuspend(&none);
    return 0;
}

static int with_signalfd(void)
{
    struct signalfd_siginfo info;
    block();
    int signals = signalfd(-1, &term, SFD_NONBLOCK);
    watch(signals);
    return wait_for(-1) != 1 || read(signals, &info, sizeof(info)) <= 0 ||
           info.ssi_signo != SIGTERM;
}

static int self_pipe(void)
{
    on(SIGTERM, write_byte);
    return wait_for(-1) != 1;
}

static void *wait_for_signal(void *arg)
{
    int sig;
    (void)arg;
    sigwait(&term, &sig);
    write_byte(sig);
    return NULL;
}

static int with_sigwait(void)
{
    pthread_t thread;
    block();
    if (pthread_create(&thread, NULL, wait_for_signal, NULL) != 0)
        return 100;
    return wait_for(-1) != 1;
}

/* In no wait that latesignal stops at: who comes out of a stop may take a signal
 * that was meant for another thread. */
static void *sleep_on(void *arg)
{
    int nobody_writes = eventfd(0, 0);
    uint64_t never;

    write_byte(0); /* this thread is there */
    while (read(nobody_writes, &never, sizeof(never)) == -1)
        continue;
    return arg;
}

/* Another thread would take the signal as well; the first one gets it. */
static int among_sleepers(void)
{
    pthread_t threads[4];
    on(SIGTERM, note);
    for (int i = 0; i < 4; i++)
        if (pthread_create(&threads[i], NULL, sleep_on, NULL) != 0)
            return 100;
    char bytes[4];
    for (int i = 0; i < 4; i++)
        if (read(wake[0], bytes, 1) != 1)
            return 100;
    watchdog();
    while (!stop)
        wait_for(-1);
    return 0;
}

static void *poll_shortly(void *arg)
{
    poll(NULL, 0, TICK);
    return arg;
}

/* Its first thread makes no wait. */
static int others(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, poll_shortly, NULL) != 0)
        return 100;
    return pthread_join(thread, NULL);
}

/* What is there already comes before the signal. */
static int busy(void)
{
    char byte;
    on(SIGTERM, note);
    write_byte(0);
    if (wait_for(0) != 1 || wait_for(-1) != 1 || stop || wait_for(0) != 1)
        return 1;
    if (read(wake[0], &byte, 1) != 1 || poll(NULL, 0, 0) != 0 || stop)
        return 2;
    return wait_for(TICK) != 0 || !stop;
}

static int often(void)
{
    on(SIGTERM, note);
    for (int i = 0; i < 10; i++)
        wait_for(1);
    return stop != 1;
}

static void wait_and_note(int sig)
{
    wait_for(1);
    note(sig);
}

static int waiting_handler(void)
{
    on(SIGTERM, wait_and_note);
    return wait_for(TICK) != 0 || stop != 1;
}

static int leaving_handler(void)
{
    on(SIGTERM, leave);
    return wait_for(-1) != 100;
}

static int no_handler(void)
{
    return wait_for(-1) != 100;
}

static int ignored(void)
{
    on(SIGTERM, SIG_IGN);
    return wait_for(TICK) != 0;
}

static int continued(void)
{
    on(SIGTERM, note);
    wait_for(1);
    if (stop)
        return 1;
    kill(getppid(), SIGCONT); /* latesignal */
    wait_for(1);
    return stop != 1;
}

static int forwarded(void)
{
    on(SIGUSR1, note);
    kill(getppid(), SIGUSR1);
    while (!stop)
        wait_for(TICK);
    return 0;
}

#ifdef __x86_64__
/* A program may count on its registers: all but rax, rcx and r11 survive. */
static int registers_kept(void)
{
    struct epoll_event event, *events = &event;
    on(SIGTERM, note); /* a call between here and there would use registers */
    long result = SYS_epoll_wait, fd = epoll, most = 1;
    register long timeout __asm__("r10") = TICK;
    register long r8 __asm__("r8") = 88, r9 __asm__("r9") = 99;
    __asm__ volatile("syscall"
                     : "+a"(result), "+D"(fd), "+S"(events), "+d"(most),
                       "+r"(timeout), "+r"(r8), "+r"(r9)
                     :
                     : "rcx", "r11", "memory");
    return result != 0 || fd != epoll || events != &event || most != 1 ||
           timeout != TICK || r8 != 88 || r9 != 99 || stop != 1;
}
#endif

/* Becomes `naive`; its own waits do not count. */
static int launcher(void)
{
    for (int i = 0; i < 3; i++)
        wait_for(1);
    setenv("PROGRAM", "naive", 1);
    execl(getenv("TARGET"), "target", (char *)NULL);
    return 51;
}

static const struct {
    const char *name;
    int (*run)(void);
} programs[] = {
    {"naive", naive},
    {"naive_poll", naive_poll},
    {"naive_select", naive_select},
    {"naive_pause", naive_pause},
    {"tick", tick},
    {"epoll_pwait", with_epoll_pwait},
    {"epoll_pwait2", with_epoll_pwait2},
    {"ppoll", with_ppoll},
    {"pselect", with_pselect},
    {"sigsuspend", with_sigsuspend},
    {"signalfd", with_signalfd},
    {"self_pipe", self_pipe},
    {"sigwait", with_sigwait},
    {"among_sleepers", among_sleepers},
    {"others", others},
    {"busy", busy},
    {"often", often},
    {"waiting_handler", waiting_handler},
    {"leaving_handler", leaving_handler},
    {"no_handler", no_handler},
    {"ignored", ignored},
    {"continued", continued},
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
    prepare();
    for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
        if (strcmp(name, programs[i].name) == 0)
            _exit(programs[i].run());
    _exit(101);
}

/* -- running them ---------------------------------------------------------- */

struct outcome {
    int status;
    char text[1024]; /* the report */
};

static char *self(void)
{
    static char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
    cr_assert(n > 0);
    return path;
}

/* options: NULL-terminated, between latesignal and this program. */
static struct outcome run(const char *program, const char *const options[])
{
    struct outcome outcome = {0};
    char tool[4096], report[32];
    char *argv[16] = {tool, "-o", report};
    int argc = 3, fd = memfd_create("report", 0);
    snprintf(tool, sizeof(tool), "%s/latesignal", getenv("TOOLS"));
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
    cr_assert(pread(fd, outcome.text, sizeof(outcome.text) - 1, 0) > 0);
    close(fd);
    return outcome;
}

#define RUN(program, ...) run(program, (const char *const[]){__VA_ARGS__, NULL})
#define FIRST_WAIT(program) RUN(program, "-n", "1")

static bool says(const struct outcome *o, const char *text)
{
    return strstr(o->text, text) != NULL;
}

static bool killed_by(const struct outcome *o, int sig)
{
    return WIFSIGNALED(o->status) && WTERMSIG(o->status) == sig;
}

static void expect_lost(const char *program, const char *call)
{
    struct outcome o = FIRST_WAIT(program);
    cr_assert(eq(int, WEXITSTATUS(o.status), LOST), "%s: %s", program, o.text);
    cr_assert(says(&o, "struck=1 waits=1\nSIGTERM came right before "));
    cr_assert(says(&o, call), "%s", o.text);
    cr_assert(says(&o, "delivered to this thread"), "%s", o.text);
}

static void expect_noticed(const char *program, const char *how)
{
    struct outcome o = FIRST_WAIT(program);
    cr_assert(eq(int, o.status, 0), "%s: %s", program, o.text);
    cr_assert(says(&o, "struck=1 waits=1\n"), "%s: %s", program, o.text);
    cr_assert(says(&o, how), "%s: %s", program, o.text);
}

/* Criterion's own limit: nothing here takes a second. */
TestSuite(latesignal, .timeout = 20);

Test(latesignal, a_flag_before_a_wait_is_lost)
{
    expect_lost("naive", "wait(");
    expect_lost("naive_poll", "poll(");
    expect_lost("naive_select", "select");
    expect_lost("naive_pause", "(");
    expect_lost("among_sleepers", "wait(");
}

Test(latesignal, before_the_nth_wait_there_is_no_signal)
{
    struct outcome o = RUN("naive", "-n", "2");
    cr_assert(eq(int, WEXITSTATUS(o.status), LOST));
    cr_assert(says(&o, "struck=0 waits=1\n"));
}

Test(latesignal, a_mask_for_the_wait_is_fine)
{
    expect_noticed("epoll_pwait", "blocked by this thread");
    expect_noticed("ppoll", "blocked by this thread");
    expect_noticed("pselect", "blocked by this thread");
    expect_noticed("sigsuspend", "blocked by this thread");
    expect_noticed("epoll_pwait2", "");
}

Test(latesignal, a_descriptor_is_fine)
{
    expect_noticed("signalfd", "blocked by this thread");
    expect_noticed("self_pipe", "delivered to this thread");
    expect_noticed("sigwait", "blocked by this thread");
}

Test(latesignal, a_tick_is_fine)
{
    expect_noticed("tick", "delivered to this thread");
}

Test(latesignal, only_the_first_thread)
{
    struct outcome o = FIRST_WAIT("others");
    cr_assert(eq(int, o.status, 0));
    cr_assert(eq(str, o.text, "struck=0 waits=0\n"));
}

Test(latesignal, a_wait_that_would_not_sleep_is_passed_over)
{
    struct outcome o = FIRST_WAIT("busy");
    cr_assert(eq(int, o.status, 0), "%s", o.text);
    cr_assert(says(&o, "struck=1 waits=5\n"), "%s", o.text);
}

Test(latesignal, once)
{
    struct outcome o = RUN("often", "-n", "4");
    cr_assert(eq(int, o.status, 0));
    cr_assert(says(&o, "struck=1 waits=4\n"));
}

Test(latesignal, what_a_handler_may_do)
{
    expect_noticed("waiting_handler", "delivered to this thread");
    expect_noticed("ignored", "");
    struct outcome o = FIRST_WAIT("leaving_handler");
    cr_assert(eq(int, o.status, 0));
    cr_assert(says(&o, "struck=1 waits=1\n"));
    o = FIRST_WAIT("no_handler");
    cr_assert(killed_by(&o, SIGTERM));
}

Test(latesignal, another_signal)
{
    struct outcome o = RUN("no_handler", "-n", "1", "-s", "INT");
    cr_assert(killed_by(&o, SIGINT));
    cr_assert(says(&o, "SIGINT came right before"));
    o = RUN("no_handler", "-n", "1", "-s", "SIGHUP");
    cr_assert(killed_by(&o, SIGHUP));
    o = RUN("no_handler", "-n", "1", "-s", "2");
    cr_assert(killed_by(&o, SIGINT));
}

Test(latesignal, armed_when_it_is_continued)
{
    struct outcome o = RUN("continued", "-s", "TERM");
    cr_assert(eq(int, o.status, 0), "%s", o.text);
    cr_assert(says(&o, "struck=1 waits=2\n"));
}

Test(latesignal, other_signals_are_passed_on)
{
    struct outcome o = RUN("forwarded", "-s", "TERM");
    cr_assert(eq(int, o.status, 0));
    cr_assert(says(&o, "struck=0 waits="));
}

#ifdef __x86_64__
Test(latesignal, registers)
{
    expect_noticed("registers_kept", "delivered to this thread");
}
#endif

/* A copy of this program at another place: that is the one that counts. */
Test(latesignal, the_launcher_does_not_count)
{
    char copy[] = "/tmp/latesignal-XXXXXX", command[8300];
    int fd = mkstemp(copy);
    cr_assert(fd != -1);
    close(fd);
    snprintf(command, sizeof(command), "install -m 755 %s %s", self(), copy);
    cr_assert(system(command) == 0);
    setenv("TARGET", copy, 1);
    struct outcome o = RUN("launcher", "-n", "1", "-p", copy);
    unlink(copy);
    cr_assert(eq(int, WEXITSTATUS(o.status), LOST));
    cr_assert(says(&o, "struck=1 waits=1\n"));
}
