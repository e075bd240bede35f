/* syscall_ptrace - engine ptrace: asks the kernel itself
 *
 * A tracee stops when it enters a system call and again when it leaves it, and
 * each time the kernel says which of the two this is (PTRACE_GET_SYSCALL_INFO):
 * nothing has to be remembered that a signal or a death could upset. It also
 * stops for signals, which are handed on, and when it is stopped by one
 * (SIGSTOP, ^Z), which must look to it as if nobody traced it.
 *
 * see also: ptrace(2), waitpid(2)
 */
#define _GNU_SOURCE /* strerrorname_np */
#include "syscall_inspect.h"

#include "syscall_names.h"

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

enum { BUCKETS = 256, OPTIONS = PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL };

/* A traced process or thread, and the call in which it is. */
struct tracee {
    struct tracee *next;
    pid_t pid;
    bool inside;
    struct row *row;
    uint64_t args[6];
};

static struct tracee *tracees[BUCKETS];
static struct row *rows[SYSCALL_NAMES]; /* by number: found once, then known */

static struct tracee *tracee_of(pid_t pid)
{
    struct tracee **bucket = &tracees[pid % BUCKETS], *t = *bucket;

    while (t != NULL && t->pid != pid)
        t = t->next;
    if (t == NULL && (t = calloc(1, sizeof *t)) != NULL) {
        t->pid = pid;
        t->next = *bucket;
        *bucket = t;
    }
    return t;
}

static void forget(pid_t pid)
{
    struct tracee **at = &tracees[pid % BUCKETS], *t;

    while ((t = *at) != NULL && t->pid != pid)
        at = &t->next;
    if (t != NULL) {
        *at = t->next;
        free(t);
    }
}

/* Whatever number a program makes up: the kernel says ENOSYS, we count it. */
static struct row *row_of_number(uint64_t nr)
{
    char name[32];
    int len;

    if (nr < SYSCALL_NAMES && rows[nr] != NULL)
        return rows[nr];
    if (nr < SYSCALL_NAMES && syscall_names[nr] != NULL)
        return rows[nr] = row_of(syscall_names[nr], strlen(syscall_names[nr]));
    len = snprintf(name, sizeof name, "syscall_%#llx", (unsigned long long)nr);
    return row_of(name, (size_t)len);
}

static const char *error_name(int64_t error)
{
    const char *name = strerrorname_np((int)error);

    return name != NULL ? name : "ERESTART"; /* 512 and above: only we see it */
}

static void list(const struct session *s, const struct tracee *t,
                 const struct __ptrace_syscall_info *info)
{
    if (!s->list || !s->started)
        return;
    if (s->follow)
        fprintf(s->out, "%d ", (int)t->pid);
    fprintf(s->out, "%s(%#llx", t->row->name, (unsigned long long)t->args[0]);
    for (int i = 1; i < 6; i++)
        fprintf(s->out, ", %#llx", (unsigned long long)t->args[i]);
    if (info == NULL)
        fputs(") = ?\n", s->out);
    else if (info->exit.is_error)
        fprintf(s->out, ") = -1 %s\n", error_name(-info->exit.rval));
    else
        fprintf(s->out, ") = %lld\n", (long long)info->exit.rval);
}

/* A call begins or ends. What comes before the command's first execve that
 * succeeds does not count. -1: out of memory. */
static int take_call(struct session *s, struct tracee *t)
{
    struct __ptrace_syscall_info info = {0};

    if (ptrace(PTRACE_GET_SYSCALL_INFO, t->pid, sizeof info, &info) <= 0)
        return 0; /* killed meanwhile: waitpid will tell */
    if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
        t->inside = true;
        t->row = row_of_number(info.entry.nr);
        if (t->row == NULL)
            return -1;
        t->row->calls += s->started;
        memcpy(t->args, info.entry.args, sizeof t->args);
    } else if (info.op == PTRACE_SYSCALL_INFO_EXIT && t->inside) {
        t->inside = false;
        if (!s->started && !info.exit.is_error &&
            strncmp(t->row->name, "execve", 6) == 0) {
            s->started = true;
            t->row->calls++;
        }
        t->row->errors += s->started && info.exit.is_error;
        list(s, t, &info);
    }
    return 0;
}

/* A thread that executes a program becomes its process's leader: what we know
 * about the call goes with it, and the old leader's call is no more. */
static void take_exec(const struct session *s, struct tracee *t)
{
    unsigned long former = 0;
    struct tracee *thread;

    if (ptrace(PTRACE_GETEVENTMSG, t->pid, 0, &former) == -1 ||
        (pid_t)former == t->pid || (thread = tracee_of((pid_t)former)) == NULL)
        return;
    if (t->inside)
        list(s, t, NULL);
    t->inside = thread->inside;
    t->row = thread->row;
    memcpy(t->args, thread->args, sizeof t->args);
    forget((pid_t)former);
}

/* Sees what a tracee has stopped for, and lets it go on. */
static int take_stop(struct session *s, pid_t pid, int status)
{
    int sig = WSTOPSIG(status), event = status >> 16, result = 0;
    int request = PTRACE_SYSCALL;
    struct tracee *t = tracee_of(pid);

    if (t == NULL)
        return -1;
    if (sig == (SIGTRAP | 0x80)) {
        result = take_call(s, t);
        sig = 0;
    } else if (event == PTRACE_EVENT_STOP) {
        if (sig != SIGTRAP) /* stopped as job control wants it: so it stays */
            request = PTRACE_LISTEN;
        sig = 0;
    } else if (event != 0) {
        if (event == PTRACE_EVENT_EXEC)
            take_exec(s, t);
        sig = 0;
    }
    /* Any other stop is a signal: the tracee gets it. ESRCH: it was killed. */
    if (ptrace(request, pid, 0, (long)sig) == -1 && errno != ESRCH)
        return -1;
    return result;
}

static void take_end(const struct session *s, pid_t pid)
{
    struct tracee *t = tracee_of(pid);

    if (t != NULL && t->inside)
        list(s, t, NULL); /* exit_group, or killed within a call */
    forget(pid);
}

/* Until nobody is left. */
static int trace_all(struct session *s, int *command_status)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, __WALL)) != -1 || errno == EINTR) {
        if (pid == -1)
            continue;
        if (WIFSTOPPED(status)) {
            if (take_stop(s, pid, status) == -1)
                return -1;
            continue;
        }
        take_end(s, pid);
        if (pid == s->command)
            *command_status = status;
    }
    return errno == ECHILD ? 0 : -1;
}

int run_ptrace(struct session *s, int *status)
{
    long options = OPTIONS | PTRACE_O_TRACEEXEC;

    if (s->follow)
        options |=
            PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE;
    if (ptrace(PTRACE_SEIZE, s->command, 0, options) == -1 ||
        ptrace(PTRACE_INTERRUPT, s->command, 0, 0) == -1 || release(s) == -1 ||
        trace_all(s, status) == -1) {
        warn("ptrace");
        return -1;
    }
    return 0;
}
