/*
 * tracer.h: runs a command under ptrace and stops it at chosen calls.
 *
 * A tool puts a struct tracer first in a struct of its own, chooses calls with
 * watch(), and then needs launch(), pass_signals_to(), trace() and end_like().
 * What it does at the stops is in its functions on_....  A seccomp filter does
 * the choosing: all other calls run at full speed.
 *
 * See also: ptrace(2), seccomp(2).
 */
#ifndef TRACER_H
#define TRACER_H

#include "tracee.h"

#include <errno.h> /* program_invocation_short_name */
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    FAILED = 125,    /* exit status when the tool itself fails */
    MOST_CALLS = 32, /* that a tool may choose */
};

struct tracer {
    int calls[MOST_CALLS], count; /* the chosen ones, see watch() */
    bool launched;                /* -p: COMMAND launches `program` */
    struct stat program;
    pid_t first; /* the process to watch, or 0: not executed yet */
    /* At the entry of a chosen call, of any thread and at any time. Returns
     * whether its end matters too. */
    bool (*on_entry)(struct tracer *t, pid_t tid);
    void (*on_end)(struct tracer *t, pid_t tid);
    /* A signal is about to be delivered. NULL: the tool does not care. */
    void (*on_signal)(struct tracer *t, pid_t tid, int sig);
    /* This thread has ended, or is none any more: an execve(2). */
    void (*on_gone)(struct tracer *t, pid_t tid);
};

static inline void die(const char *what)
{
    fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what,
            strerror(errno));
    exit(FAILED);
}

/* -- start ----------------------------------------------------------------- */

static inline void watch(struct tracer *t, int call)
{
    t->calls[t->count++] = call;
}

/* COMMAND launches `program`, a path: only then something is to be watched. */
static inline void only(struct tracer *t, const char *program)
{
    if (stat(program, &t->program) == -1)
        die(program);
    t->launched = true;
}

/* In the tracee: stops at the calls that matter. Others cost next to nothing;
 * in another architecture's calls the numbers mean something else. */
static inline void install_filter(const struct tracer *t)
{
    struct sock_filter code[5 + MOST_CALLS];
    unsigned char calls = (unsigned char)t->count;
    unsigned short n = 0;
    code[n++] = (struct sock_filter)BPF_STMT(
        BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
    code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 0,
                                             (unsigned char)(calls + 1));
    code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                             offsetof(struct seccomp_data, nr));
    for (int i = 0; i < t->count; i++) {
        unsigned char to_trace = (unsigned char)(t->count - i);
        code[n++] = (struct sock_filter)BPF_JUMP(
            BPF_JMP | BPF_JEQ | BPF_K, (unsigned)t->calls[i], to_trace, 0);
    }
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET, SECCOMP_RET_ALLOW);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET, SECCOMP_RET_TRACE);
    struct sock_fprog program = {n, code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == -1)
        die("seccomp");
}

static inline void become(const struct tracer *t, char **argv, const int go[2])
{
    char byte;
    close(go[1]); /* or the pipe would not end with the tracer */
    if (read(go[0], &byte, 1) != 1)
        _exit(FAILED); /* there is no tracer */
    install_filter(t);
    execvp(argv[0], argv);
    fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, argv[0],
            strerror(errno));
    _exit(errno == ENOENT ? 127 : 126);
}

/* Starts COMMAND, which waits until it is traced. */
static inline pid_t launch(const struct tracer *t, char **argv)
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
        become(t, argv, go);
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
static inline void pass_on(int sig, siginfo_t *info, void *context)
{
    (void)context;
    int saved = errno;
    if (info->si_code <= 0)
        kill(command_pid, sig);
    errno = saved;
}

static inline void pass_signals_to(pid_t command)
{
    const int passed[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
    struct sigaction action = {.sa_sigaction = pass_on,
                               .sa_flags = SA_SIGINFO | SA_RESTART};
    command_pid = command;
    for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++)
        if (sigaction(passed[i], &action, NULL) == -1)
            die("sigaction");
}

/* -- the loop -------------------------------------------------------------- */

/* Of the threads that an execve ended, one may have become the new process. */
static inline void note_exec(struct tracer *t, pid_t tid)
{
    unsigned long former = 0;
    char path[64];
    struct stat now;
    ptrace(PTRACE_GETEVENTMSG, tid, 0, &former);
    t->on_gone(t, (pid_t)former);
    t->on_gone(t, tid);
    if (t->first != 0)
        return;
    snprintf(path, sizeof(path), "/proc/%d/exe", tid);
    if (!t->launched ||
        (stat(path, &now) == 0 && now.st_dev == t->program.st_dev &&
         now.st_ino == t->program.st_ino))
        t->first = tid;
}

static inline bool stops(int sig)
{
    return sig == SIGSTOP || sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU;
}

/* Lets the tracee go on. One that was killed meanwhile is waited for as all
 * others are, so that errors do not matter here. */
static inline void go_on(struct tracer *t, pid_t tid, int status)
{
    int sig = WSTOPSIG(status), event = status >> 16;
    if (event == PTRACE_EVENT_SECCOMP) {
        bool to_its_end = t->on_entry(t, tid);
        ptrace(to_its_end ? PTRACE_SYSCALL : PTRACE_CONT, tid, 0, 0);
    } else if (event == PTRACE_EVENT_STOP && stops(sig)) {
        ptrace(PTRACE_LISTEN, tid, 0, 0); /* it stays stopped, see ptrace(2) */
    } else if (event == 0 && sig != (SIGTRAP | 0x80)) {
        if (t->on_signal != NULL)
            t->on_signal(t, tid, sig);
        ptrace(PTRACE_CONT, tid, 0, sig); /* a signal: delivered */
    } else {
        if (event == PTRACE_EVENT_EXEC)
            note_exec(t, tid);
        if (event == 0)
            t->on_end(t, tid);
        ptrace(PTRACE_CONT, tid, 0, 0);
    }
}

/* Returns how COMMAND ended. */
static inline int trace(struct tracer *t, pid_t command)
{
    for (;;) {
        int status;
        pid_t tid = waitpid(-1, &status, __WALL);
        if (tid == -1 && errno != EINTR)
            die("waitpid");
        if (tid == -1)
            continue;
        if (WIFSTOPPED(status)) {
            go_on(t, tid, status);
            continue;
        }
        t->on_gone(t, tid);
        if (tid == command)
            return status;
    }
}

/* -- end ------------------------------------------------------------------- */

/* Ends as COMMAND did, by the same signal too, but without a second core. */
static inline int end_like(int status)
{
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    signal(WTERMSIG(status), SIG_DFL);
    raise(WTERMSIG(status));
    return 128 + WTERMSIG(status);
}

#endif
