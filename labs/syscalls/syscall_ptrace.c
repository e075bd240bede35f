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
    /* TODO(project): 19. the row of the call with that number, and fast: rows
     * remembers it. Any number may come; syscall_names.h says how one without
     * a name is called. */
    (void)nr, (void)rows, (void)syscall_names;
    return NULL;
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
    /* TODO(project): 20. ask with PTRACE_GET_SYSCALL_INFO whether t enters or
     * leaves a call; it may have been killed meanwhile. Entry: remember row and
     * arguments, count if s->started. Exit: the first execve that succeeds
     * starts the counting; errors count; list. ptrace(2). */
    (void)s, (void)t, (void)row_of_number, (void)list;
    return 0;
}

/* A thread that executes a program becomes its process's leader: what we know
 * about the call goes with it, and the old leader's call is no more. */
static void take_exec(const struct session *s, struct tracee *t)
{
    /* TODO(project): 22. PTRACE_GETEVENTMSG tells which thread made the call:
     * what we know of that call is t's now. ptrace(2), PTRACE_EVENT_EXEC. */
    (void)s, (void)t, (void)forget;
}

/* Sees what a tracee has stopped for, and lets it go on. */
static int take_stop(struct session *s, pid_t pid, int status)
{
    /* TODO(project): 21. what did it stop for? A system call (SIGTRAP | 0x80,
     * thanks to PTRACE_O_TRACESYSGOOD); an event (status >> 16), of which
     * PTRACE_EVENT_STOP with a signal other than SIGTRAP means that it has been
     * stopped, and has to stay so (PTRACE_LISTEN); else a signal, which is its
     * own: the last argument of PTRACE_SYSCALL. ESRCH means that it was killed
     * meanwhile, which waitpid will tell. ptrace(2). */
    (void)s, (void)pid, (void)status, (void)tracee_of, (void)take_call;
    (void)take_exec;
    errno = ENOSYS;
    return -1;
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
    /* TODO(project): 18. waitpid(2) with __WALL until nobody is left (ECHILD):
     * take_stop for who has stopped, take_end for who has ended; the status of
     * s->command goes to *command_status. What does EINTR mean? */
    (void)s, (void)command_status, (void)take_stop, (void)take_end;
    errno = ENOSYS;
    return -1;
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
