/*
 * shortio: makes reads and writes on stream sockets come out short, truthfully.
 *
 *   shortio [-n EVERY] [-m read|write|both] [-p PROGRAM] [-o REPORT]
 *           COMMAND [ARG...]
 *
 * A program that asks for 4096 bytes may get, or get rid of, fewer.  shortio
 * runs COMMAND under ptrace and lowers the byte count of every EVERYth such
 * call to half, in the registers, before the kernel sees it: no byte is lost,
 * the call does less, and says so.  Errors and delays: see strace(1) instead.
 *
 *   -n EVERY    the how manyth call is lowered (default 1: every one)
 *   -m WHICH    only reads, only writes, or both (default)
 *   -p PROGRAM  COMMAND launches PROGRAM; nothing counts before that
 *   -o REPORT   file for the report (default: stderr)
 *
 * Counted are read, readv, recvfrom, write, writev, sendto and sendmsg (not
 * recvmsg, whose results are hard to rewrite) of two bytes or more on TCP and
 * AF_UNIX stream sockets, by any thread or child.  Left alone is
 *   - what is no stream: eventfd, signalfd, timerfd, pipes, files, datagrams;
 *   - what promises more (MSG_WAITALL) or is no transfer (MSG_PEEK, MSG_OOB);
 *   - a socket that is registered with EPOLLET: epoll(7) allows a program to
 *     take a short count for "drained", and it would then wait for ever.
 *
 * The report: "shortened=N calls=M", then a line for each of the first LINES
 * calls that did less than they were asked to: "write(5) 4096 -> 2048".
 * Signals sent to shortio go on to COMMAND.  It exits as COMMAND does, with
 * 2 if it is called wrongly and 125 if it fails.  When it ends, all that it
 * traces is killed.
 *
 * See also: ptrace(2), seccomp(2), epoll(7) "edge-triggered".
 */
#define _GNU_SOURCE
#include "asked.h"
#include "common.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    FAILED = 125,
    LINES = 200,     /* of the report */
    MOST_FD = 65536, /* above, EPOLLET is not remembered */
    SPARED = MSG_PEEK | MSG_WAITALL | MSG_OOB | MSG_TRUNC | MSG_ERRQUEUE,
};

/* -- the tracer ------------------------------------------------------------ */

/* A lowered call that has not ended; a thread has one at most. */
struct pending {
    pid_t tid; /* 0: this place is free */
    const struct kind *kind;
    struct asked asked;
    registers before;
};

struct tracer {
    long every;
    int which;     /* READS, WRITES or both */
    bool launched; /* -p: only one program counts */
    struct stat program;
    bool started;
    unsigned long calls, shortened;
    struct pending *pending;
    size_t places;
    struct line {
        const char *name;
        int fd;
        size_t asked, got;
    } lines[LINES];
    bool edge[MOST_FD]; /* registered with EPOLLET */
};

static void die(const char *what)
{
    fprintf(stderr, "shortio: %s: %s\n", what, strerror(errno));
    exit(FAILED);
}

static struct pending *find(struct tracer *t, pid_t tid)
{
    for (size_t i = 0; i < t->places; i++)
        if (t->pending[i].tid == tid)
            return &t->pending[i];
    return NULL;
}

static void forget(struct tracer *t, pid_t tid)
{
    struct pending *p = find(t, tid);
    if (p != NULL)
        p->tid = 0;
}

static struct pending *free_place(struct tracer *t)
{
    struct pending *p = find(t, 0);
    if (p != NULL)
        return p;
    size_t places = t->places == 0 ? 16 : 2 * t->places;
    if ((p = realloc(t->pending, places * sizeof(*p))) == NULL)
        die("realloc");
    memset(p + t->places, 0, (places - t->places) * sizeof(*p));
    t->pending = p;
    p += t->places;
    t->places = places;
    return p;
}

static void note_edge(struct tracer *t, pid_t tid, const registers *r)
{
    unsigned long op = ARG1(r), fd = ARG2(r);
    uint32_t events = 0; /* the first field of struct epoll_event */
    if (fd >= MOST_FD)
        return;
    if (op == EPOLL_CTL_DEL || peek(tid, ARG3(r), &events, sizeof(events)) == 0)
        t->edge[fd] = (events & EPOLLET) != 0;
}

static bool counts(const struct tracer *t, pid_t tid, const struct asked *asked)
{
    unsigned int fd = (unsigned int)asked->fd;
    return asked->total > 1 && (asked->flags & SPARED) == 0 &&
           !(fd < MOST_FD && t->edge[fd]) && is_stream(tid, asked->fd);
}

/* At the entry of a call. Returns whether it was lowered: then its end
 * matters too. */
static bool on_entry(struct tracer *t, pid_t tid)
{
    registers r;
    struct asked asked;
    if (!t->started || get_registers(tid, &r) == -1)
        return false;
    const struct kind *kind = kind_of(NUMBER(&r));
    if (kind != NULL && kind->shape == CONTROL)
        note_edge(t, tid, &r);
    if (kind == NULL || !(kind->direction & t->which) ||
        !understand(tid, &r, kind, &asked) || !counts(t, tid, &asked) ||
        ++t->calls % (unsigned long)t->every != 0)
        return false;
    struct pending *p = free_place(t);
    *p = (struct pending){tid, kind, asked, r};
    rewrite(&r, kind, &asked);
    if (set_registers(tid, &r) == 0)
        return true;
    p->tid = 0;
    return false;
}

/* At the end of a lowered call: the program finds its registers as it left
 * them, and a call that a signal interrupted starts again as it was. */
static void on_end(struct tracer *t, pid_t tid)
{
    struct pending *p = find(t, tid);
    registers r;
    if (p == NULL || get_registers(tid, &r) == -1)
        return;
    size_t got = shorter(&p->asked);
    if (RESULT(&r) == (long)got) {
        if (t->shortened < LINES)
            t->lines[t->shortened] =
                (struct line){p->kind->name, p->asked.fd, p->asked.total, got};
        t->shortened++;
    }
    NUMBER(&r) = NUMBER(&p->before);
    ARG1(&r) = ARG1(&p->before);
    ARG2(&r) = ARG2(&p->before);
    ARG3(&r) = ARG3(&p->before);
    ARG4(&r) = ARG4(&p->before);
    ARG5(&r) = ARG5(&p->before);
    set_registers(tid, &r);
    p->tid = 0;
}

/* Of the threads that an execve ended, one may have become the new process. */
static void on_exec(struct tracer *t, pid_t tid)
{
    unsigned long former = 0;
    char path[64];
    struct stat now;
    ptrace(PTRACE_GETEVENTMSG, tid, 0, &former);
    forget(t, (pid_t)former);
    forget(t, tid);
    snprintf(path, sizeof(path), "/proc/%d/exe", tid);
    if (!t->launched ||
        (stat(path, &now) == 0 && now.st_dev == t->program.st_dev &&
         now.st_ino == t->program.st_ino))
        t->started = true;
}

static bool stops(int sig)
{
    return sig == SIGSTOP || sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU;
}

/* Lets the tracee go on. One that was killed meanwhile is waited for as all
 * others are, so that errors do not matter here. */
static void on_stop(struct tracer *t, pid_t tid, int status)
{
    int sig = WSTOPSIG(status), event = status >> 16;
    if (event == PTRACE_EVENT_SECCOMP) {
        bool lowered = on_entry(t, tid);
        ptrace(lowered ? PTRACE_SYSCALL : PTRACE_CONT, tid, 0, 0);
    } else if (event == PTRACE_EVENT_STOP && stops(sig)) {
        ptrace(PTRACE_LISTEN, tid, 0, 0); /* it stays stopped, see ptrace(2) */
    } else if (event == 0 && sig != (SIGTRAP | 0x80)) {
        ptrace(PTRACE_CONT, tid, 0, sig); /* a signal: delivered */
    } else {
        if (event == PTRACE_EVENT_EXEC)
            on_exec(t, tid);
        if (event == 0)
            on_end(t, tid);
        ptrace(PTRACE_CONT, tid, 0, 0);
    }
}

/* Returns how COMMAND ended. */
static int trace(struct tracer *t, pid_t command)
{
    for (;;) {
        int status;
        pid_t tid = waitpid(-1, &status, __WALL);
        if (tid == -1 && errno != EINTR)
            die("waitpid");
        if (tid == -1)
            continue;
        if (WIFSTOPPED(status)) {
            on_stop(t, tid, status);
            continue;
        }
        forget(t, tid);
        if (tid == command)
            return status;
    }
}

/* -- start and end --------------------------------------------------------- */

/* In the tracee: stops at the calls that matter. Others cost next to nothing;
 * in another architecture's calls the numbers mean something else. */
static void install_filter(void)
{
    struct sock_filter code[5 + KINDS];
    unsigned short n = 0;
    code[n++] = (struct sock_filter)BPF_STMT(
        BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
    code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 0,
                                             KINDS + 1);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                             offsetof(struct seccomp_data, nr));
    for (int i = 0; i < KINDS; i++) {
        unsigned char to_trace = (unsigned char)(KINDS - i);
        code[n++] = (struct sock_filter)BPF_JUMP(
            BPF_JMP | BPF_JEQ | BPF_K, (unsigned)kinds[i].number, to_trace, 0);
    }
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET, SECCOMP_RET_ALLOW);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET, SECCOMP_RET_TRACE);
    struct sock_fprog program = {n, code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == -1)
        die("seccomp");
}

static void become(char **argv, int go)
{
    char byte;
    if (read(go, &byte, 1) != 1)
        _exit(FAILED); /* there is no tracer */
    install_filter();
    execvp(argv[0], argv);
    fprintf(stderr, "shortio: %s: %s\n", argv[0], strerror(errno));
    _exit(errno == ENOENT ? 127 : 126);
}

/* Starts COMMAND, which waits until it is traced. */
static pid_t launch(char **argv)
{
    const long options = PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL |
                         PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK |
                         PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
                         PTRACE_O_TRACEEXEC;
    int go[2];
    if (pipe2(go, O_CLOEXEC) == -1)
        die("pipe2");
    pid_t child = fork();
    if (child == -1)
        die("fork");
    if (child == 0)
        become(argv, go[0]);
    if (ptrace(PTRACE_SEIZE, child, 0, options) == -1)
        die("ptrace");
    if (write(go[1], "", 1) != 1)
        die("write");
    close(go[0]);
    close(go[1]);
    return child;
}

static volatile sig_atomic_t command_pid;

/* The terminal sends its signals to COMMAND too: those go on by themselves. */
static void pass_on(int sig, siginfo_t *info, void *context)
{
    (void)context;
    int saved = errno;
    if (info->si_code <= 0)
        kill(command_pid, sig);
    errno = saved;
}

static void pass_signals_to(pid_t command)
{
    const int passed[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
    struct sigaction action = {.sa_sigaction = pass_on,
                               .sa_flags = SA_SIGINFO | SA_RESTART};
    command_pid = command;
    for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++)
        if (sigaction(passed[i], &action, NULL) == -1)
            die("sigaction");
}

static void write_report(const struct tracer *t, FILE *report)
{
    fprintf(report, "shortened=%lu calls=%lu\n", t->shortened, t->calls);
    for (unsigned long i = 0; i < t->shortened && i < LINES; i++)
        fprintf(report, "%s(%d) %zu -> %zu\n", t->lines[i].name, t->lines[i].fd,
                t->lines[i].asked, t->lines[i].got);
    if (fflush(report) == EOF)
        die("report");
}

/* Ends as COMMAND did, by the same signal too, but without a second core. */
static int end_like(int status)
{
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    signal(WTERMSIG(status), SIG_DFL);
    raise(WTERMSIG(status));
    return 128 + WTERMSIG(status);
}

static int parse_which(const char *text)
{
    if (strcmp(text, "read") == 0)
        return READS;
    if (strcmp(text, "write") == 0)
        return WRITES;
    return strcmp(text, "both") == 0 ? READS | WRITES : 0;
}

static void usage(void)
{
    fprintf(stderr, "usage: shortio [-n EVERY] [-m read|write|both] "
                    "[-p PROGRAM] [-o REPORT] COMMAND [ARG...]\n");
    exit(2);
}

/* Returns the index of COMMAND. */
static int parse(int argc, char **argv, struct tracer *t, const char **report)
{
    int letter;
    while ((letter = getopt(argc, argv, "+n:m:p:o:")) != -1) {
        if (letter == 'n')
            t->every = parse_number(optarg, INT_MAX);
        else if (letter == 'm')
            t->which = parse_which(optarg);
        else if (letter == 'o')
            *report = optarg;
        else if (letter != 'p')
            usage();
        else if (stat(optarg, &t->program) == -1)
            die(optarg);
        else
            t->launched = true;
    }
    if (optind == argc || t->every < 1 || t->which == 0)
        usage();
    return optind;
}

int main(int argc, char *argv[])
{
    static struct tracer tracer = {.every = 1, .which = READS | WRITES};
    const char *path = NULL;
    int first = parse(argc, argv, &tracer, &path);
    FILE *report = path == NULL ? stderr : fopen(path, "we");
    if (report == NULL)
        die(path);
    pid_t command = launch(argv + first);
    pass_signals_to(command);
    int status = trace(&tracer, command);
    write_report(&tracer, report);
    return end_like(status);
}
