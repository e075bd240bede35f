/* syscall_ptrace - attached with a SIGSTOP (PTRACE_ATTACH), entry and exit told
 * apart by turns; every new child or thread begins with a SIGSTOP, too */
#define _GNU_SOURCE
#include "syscall_inspect.h"

#include "syscall_names.h"

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

struct tracee {
    pid_t pid;
    bool known, inside;
    struct row *row;
    struct __ptrace_syscall_info entry;
};

static struct tracee *tracees;
static size_t count;

static struct tracee *find(pid_t pid)
{
    struct tracee *grown;

    for (size_t i = 0; i < count; i++)
        if (tracees[i].pid == pid)
            return &tracees[i];
    grown = realloc(tracees, (count + 1) * sizeof *grown);
    if (grown == NULL)
        err(125, "realloc");
    tracees = grown;
    memset(&tracees[count], 0, sizeof *grown);
    tracees[count].pid = pid;
    return &tracees[count++];
}

static struct row *row_by_number(unsigned long long nr)
{
    static struct row *known[SYSCALL_NAMES];
    char odd[40];

    if (nr < SYSCALL_NAMES && syscall_names[nr] != NULL) {
        if (known[nr] == NULL)
            known[nr] = row_of(syscall_names[nr], strlen(syscall_names[nr]));
        return known[nr];
    }
    snprintf(odd, sizeof odd, "syscall_0x%llx", nr);
    return row_of(odd, strlen(odd));
}

static void show(struct session *s, struct tracee *t, const char *result)
{
    if (!s->list || !s->started)
        return;
    if (s->follow)
        fprintf(s->out, "[pid %d] ", (int)t->pid);
    fprintf(s->out, "%s(%#llx, %#llx, %#llx, ...) = %s\n", t->row->name,
            (unsigned long long)t->entry.entry.args[0],
            (unsigned long long)t->entry.entry.args[1],
            (unsigned long long)t->entry.entry.args[2], result);
}

static void turn(struct session *s, struct tracee *t)
{
    struct __ptrace_syscall_info info;
    char result[80];

    if (ptrace(PTRACE_GET_SYSCALL_INFO, t->pid, sizeof info, &info) <= 0)
        return;
    t->inside = !t->inside;
    if (t->inside) {
        t->entry = info;
        t->row = row_by_number(info.entry.nr);
        if (t->row == NULL)
            err(125, "row");
        t->row->calls += s->started;
        return;
    }
    if (!s->started && info.exit.rval == 0 &&
        strncmp(t->row->name, "execve", 6) == 0) {
        s->started = true;
        t->row->calls++;
    }
    if (info.exit.is_error) {
        const char *name = strerrorname_np((int)-info.exit.rval);

        t->row->errors += s->started;
        snprintf(result, sizeof result, "-1 %s", name ? name : "ERESTARTSYS");
    } else {
        snprintf(result, sizeof result, "%lld", (long long)info.exit.rval);
    }
    show(s, t, result);
}

static void resume(pid_t pid, int sig)
{
    if (ptrace(PTRACE_SYSCALL, pid, 0, (long)sig) == -1 && errno != ESRCH)
        err(125, "PTRACE_SYSCALL");
}

static void stopped(struct session *s, pid_t pid, int status)
{
    struct tracee *t = find(pid);
    int sig = WSTOPSIG(status);

    if (sig == (SIGTRAP | 0x80)) {
        turn(s, t);
        sig = 0;
    } else if (status >> 16 != 0) {
        sig = 0;
    } else if (!t->known && sig == SIGSTOP) {
        t->known = true;
        sig = 0;
    }
    resume(pid, sig);
}

static int next(pid_t which, int *status)
{
    pid_t pid;

    while ((pid = waitpid(which, status, __WALL)) == -1 && errno == EINTR)
        continue;
    return pid;
}

int run_ptrace(struct session *s, int *status)
{
    long options =
        PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL | PTRACE_O_TRACEEXEC;
    int what;
    pid_t pid;

    if (s->follow)
        options |=
            PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK;
    if (ptrace(PTRACE_ATTACH, s->command, 0, 0) == -1 ||
        next(s->command, &what) == -1 ||
        ptrace(PTRACE_SETOPTIONS, s->command, 0, options) == -1) {
        warn("ptrace");
        return -1;
    }
    find(s->command)->known = true;
    resume(s->command, 0);
    if (release(s) == -1)
        return -1;
    while ((pid = next(-1, &what)) != -1) {
        if (WIFSTOPPED(what)) {
            stopped(s, pid, what);
            continue;
        }
        if (find(pid)->inside)
            show(s, find(pid), "?");
        find(pid)->pid = -1;
        if (pid == s->command)
            *status = what;
    }
    return 0;
}
