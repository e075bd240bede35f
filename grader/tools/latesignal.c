/*
 * latesignal: lets a signal arrive at the worst moment, right before a thread
 * goes to sleep.
 *
 *   latesignal [-c | -s SIGNAL] [-n N] [-p PROGRAM] [-o REPORT]
 *              COMMAND [ARG...]
 *
 * A loop such as `while (!stop) epoll_wait(...)` loses a signal whose handler
 * sets `stop` after the test and before the wait: it sleeps on.  The moment is
 * a few instructions long; latesignal hits it every time.  It runs COMMAND
 * under ptrace, stops it at the entry of a waiting call, lets it send SIGNAL to
 * itself instead, and then make the call from its first instruction: as if the
 * signal had come just before.  A thread that blocks the signal (epoll_pwait,
 * signalfd, sigwait in another thread) finds it pending, as it always would.
 *
 *   -s SIGNAL   by name or number (default: TERM)
 *   -c          SIGCHLD, and for a reason: right there, a child ends. Instead
 *               of sending a signal the thread waits for it, and reaps nothing
 *   -n N        strike at the Nth wait.  Without it: at the first one after
 *               latesignal got SIGCONT.  Stop it (SIGSTOP), let things happen
 *               that the program is to see, and continue it: they come first,
 *               then the signal.
 *   -p PROGRAM  COMMAND launches PROGRAM; nothing counts before that
 *   -o REPORT   file for the report (default: stderr)
 *
 * It strikes once, and only the first thread of the first process: the kernel
 * prefers it for signals that it does not block, so all runs are alike.  Waits
 * are epoll_wait, epoll_pwait, epoll_pwait2, poll, ppoll, select, pselect6,
 * rt_sigsuspend and pause.  One that is known not to sleep is passed over,
 * since it would find the signal out: it has a timeout of 0, or waits in epoll
 * for events that are there.
 *
 * The report: "struck=1 waits=N" and the call, as soon as it is struck; when it
 * is made, whether the signal was delivered before.  Or "struck=0 waits=N", at
 * the end.  Most signals that are sent to latesignal go on to COMMAND.  It
 * exits as COMMAND does, with 2 if it is called wrongly and 125 if it fails.
 * When it ends, all that it traces is killed.
 *
 * See also: ptrace(2), epoll_pwait(2), signalfd(2), pselect(2).
 */
#define _GNU_SOURCE
#include "common.h"
#include "tracer.h"

#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <sys/syscall.h>

/* -- waits ----------------------------------------------------------------- */

static const struct wait {
    int number;
    const char *name;
    int args;    /* that are shown */
    int timeout; /* the argument with milliseconds, or -1 */
} waits[] = {
#ifdef SYS_epoll_wait
    {SYS_epoll_wait, "epoll_wait", 4, 3},
#endif
    {SYS_epoll_pwait, "epoll_pwait", 5, 3},
    {SYS_epoll_pwait2, "epoll_pwait2", 5, -1},
#ifdef SYS_poll
    {SYS_poll, "poll", 3, 2},
#endif
    {SYS_ppoll, "ppoll", 4, -1},
#ifdef SYS_select
    {SYS_select, "select", 5, -1},
#endif
    {SYS_pselect6, "pselect6", 6, -1},
    {SYS_rt_sigsuspend, "rt_sigsuspend", 1, -1},
#ifdef SYS_pause
    {SYS_pause, "pause", 0, -1},
#endif
};
enum { WAITS = sizeof(waits) / sizeof(waits[0]) };

static const struct wait *wait_of(const registers *r)
{
    for (int i = 0; i < WAITS; i++)
        if ((unsigned long)waits[i].number == NUMBER(r))
            return &waits[i];
    return NULL;
}

static unsigned long argument(const registers *r, int i)
{
    const unsigned long all[] = {ARG0(r), ARG1(r), ARG2(r),
                                 ARG3(r), ARG4(r), ARG5(r)};
    return all[i];
}

static bool is_epoll(const struct wait *wait)
{
    return strncmp(wait->name, "epoll", strlen("epoll")) == 0;
}

/* Are there events to fetch? Where the descriptor cannot be had: no. */
static bool ready(pid_t pid, int epoll)
{
    int process = (int)syscall(SYS_pidfd_open, pid, 0);
    int copy = (int)syscall(SYS_pidfd_getfd, process, epoll, 0);
    struct pollfd events = {.fd = copy, .events = POLLIN};
    bool found = copy != -1 && poll(&events, 1, 0) == 1;
    close(copy);
    close(process);
    return found;
}

static bool will_sleep(pid_t pid, const struct wait *wait, const registers *r)
{
    if (wait->timeout != -1 && (int)argument(r, wait->timeout) == 0)
        return false;
    return !is_epoll(wait) || !ready(pid, (int)ARG0(r));
}

/* -- at the stops ---------------------------------------------------------- */

struct latesignal {
    struct tracer tracer; /* first: a tracer pointer is a latesignal pointer */
    int signal;
    bool child;         /* -c */
    unsigned long from; /* -n: armed from this wait on; 0: by SIGCONT */
    FILE *report;
    enum {
        AIMING,
        SENDING, /* kill(2) or waitid(2) in place of the wait */
        BACK,    /* before the wait again */
        DONE,
    } phase;
    unsigned long waits;
    registers entry; /* of the wait that is struck */
    bool struck;
    bool delivered; /* to the first thread, before it came back to the wait */
    bool elsewhere; /* delivered to another thread */
};

static volatile sig_atomic_t continued;

static void on_continue(int sig)
{
    (void)sig;
    continued = 1;
}

/* The number of a process in its own namespace, see proc_pid_status(5). */
static pid_t inner_pid(pid_t pid)
{
    char path[64], line[256];
    int inner = pid;
    snprintf(path, sizeof(path), "/proc/%d/status", pid);
    FILE *status = fopen(path, "re");
    if (status == NULL)
        return pid;
    while (fgets(line, sizeof(line), status) != NULL) {
        if (strncmp(line, "NStgid:", strlen("NStgid:")) != 0)
            continue;
        for (char *word = strtok(line + strlen("NStgid:"), " \t\n");
             word != NULL; word = strtok(NULL, " \t\n"))
            inner = atoi(word);
    }
    fclose(status);
    return inner;
}

/* The thread sends the signal itself: so it is running, as it would be one
 * instruction before the wait, and the kernel chooses it, if it can, and not
 * another thread that sleeps. */
static bool strike(struct latesignal *t, pid_t tid, const registers *r)
{
    registers sending = *r;
    t->entry = *r;
    if (t->child) {
        NUMBER(&sending) = SYS_waitid;
        ARG0(&sending) = P_ALL;
        ARG1(&sending) = ARG2(&sending) = ARG4(&sending) = 0;
        ARG3(&sending) = WEXITED | WNOWAIT;
    } else {
        NUMBER(&sending) = SYS_kill;
        ARG0(&sending) = (unsigned long)inner_pid(tid);
        ARG1(&sending) = (unsigned long)t->signal;
    }
    if (set_registers(tid, &sending) == -1)
        return false;
    t->phase = SENDING;
    return true;
}

static void report_argument(FILE *report, unsigned long value)
{
    if (value >> 32 == 0 || value >> 32 == UINT32_MAX)
        fprintf(report, "%d", (int)value);
    else
        fprintf(report, "%#lx", value);
}

static void report_strike(const struct latesignal *t)
{
    const struct wait *wait = wait_of(&t->entry);
    fprintf(t->report, "struck=1 waits=%lu\nSIG%s came right before %s(",
            t->waits, sigabbrev_np(t->signal), wait->name);
    for (int i = 0; i < wait->args; i++) {
        fputs(i == 0 ? "" : ", ", t->report);
        report_argument(t->report, argument(&t->entry, i));
    }
    fputs(")\n", t->report);
    fflush(t->report);
}

static void report_call(const struct latesignal *t)
{
    const char *where = t->delivered   ? "delivered to this thread, which"
                        : t->elsewhere ? "delivered to another thread; this one"
                                       : "blocked by this thread, which";
    fprintf(t->report, "it was %s then made the call\n", where);
    fflush(t->report);
}

static bool on_entry(struct tracer *tracer, pid_t tid)
{
    struct latesignal *t = (struct latesignal *)tracer;
    registers r;
    if (t->phase == DONE || tid != tracer->first ||
        get_registers(tid, &r) == -1)
        return false;
    if (t->phase == BACK) {
        if (IP(&r) != IP(&t->entry) || SP(&r) != SP(&t->entry))
            return false; /* a wait in the handler */
        report_call(t);
        t->phase = DONE;
        return false;
    }
    const struct wait *wait = wait_of(&r);
    t->waits++;
    bool armed = t->from == 0 ? continued : t->waits >= t->from;
    return wait != NULL && armed && will_sleep(tid, wait, &r) &&
           strike(t, tid, &r);
}

static void on_end(struct tracer *tracer, pid_t tid)
{
    struct latesignal *t = (struct latesignal *)tracer;
    registers r;
    if (t->phase != SENDING || tid != tracer->first)
        return;
    t->struck = get_registers(tid, &r) == 0 && RESULT(&r) == 0;
    t->phase = t->struck ? BACK : DONE;
    if (call_again(tid, &t->entry) == 0 && t->struck)
        report_strike(t);
}

static void on_signal(struct tracer *tracer, pid_t tid, int sig)
{
    struct latesignal *t = (struct latesignal *)tracer;
    if (t->phase != BACK || sig != t->signal)
        return;
    if (tid == tracer->first)
        t->delivered = true;
    else
        t->elsewhere = true;
}

/* After an execve there is no wait to come back to. */
static void on_gone(struct tracer *tracer, pid_t tid)
{
    struct latesignal *t = (struct latesignal *)tracer;
    if (tid == tracer->first && t->phase != AIMING)
        t->phase = DONE;
}

/* -- start and end --------------------------------------------------------- */

/* Returns 0 if there is no signal of that name or number. */
static int parse_signal(const char *text)
{
    long number = parse_number(text, NSIG - 1);
    if (number != -1)
        return sigabbrev_np((int)number) == NULL ? 0 : (int)number;
    if (strncmp(text, "SIG", strlen("SIG")) == 0)
        text += strlen("SIG");
    for (int sig = 1; sig < NSIG; sig++)
        if (sigabbrev_np(sig) != NULL && strcmp(sigabbrev_np(sig), text) == 0)
            return sig;
    return 0;
}

static void usage(void)
{
    fprintf(stderr, "usage: latesignal [-c | -s SIGNAL] [-n N] [-p PROGRAM] "
                    "[-o REPORT] COMMAND [ARG...]\n");
    exit(2);
}

/* Returns the index of COMMAND. */
static int parse(int argc, char **argv, struct latesignal *t, const char **path)
{
    int letter;
    while ((letter = getopt(argc, argv, "+cs:n:p:o:")) != -1) {
        long from = 1;
        if (letter == 'c') {
            t->child = true;
            t->signal = SIGCHLD;
        } else if (letter == 's')
            t->signal = parse_signal(optarg);
        else if (letter == 'n')
            t->from = (unsigned long)(from = parse_number(optarg, INT_MAX));
        else if (letter == 'p')
            only(&t->tracer, optarg);
        else if (letter == 'o')
            *path = optarg;
        else
            usage();
        if (from < 1)
            usage();
    }
    if (optind == argc || t->signal == 0)
        usage();
    return optind;
}

int main(int argc, char *argv[])
{
    static struct latesignal t = {
        .tracer = {.on_entry = on_entry,
                   .on_end = on_end,
                   .on_signal = on_signal,
                   .on_gone = on_gone},
        .signal = SIGTERM,
    };
    const struct sigaction arm = {.sa_handler = on_continue,
                                  .sa_flags = SA_RESTART};
    const char *path = NULL;
    int first = parse(argc, argv, &t, &path);
    for (int i = 0; i < WAITS; i++)
        watch(&t.tracer, waits[i].number);
    t.report = path == NULL ? stderr : fopen(path, "we");
    if (t.report == NULL)
        die(path);
    if (sigaction(SIGCONT, &arm, NULL) == -1)
        die("sigaction");
    pid_t command = launch(&t.tracer, argv + first);
    pass_signals_to(command);
    int status = trace(&t.tracer, command);
    if (!t.struck)
        fprintf(t.report, "struck=0 waits=%lu\n", t.waits);
    if (fflush(t.report) == EOF)
        die("report");
    return end_like(status);
}
