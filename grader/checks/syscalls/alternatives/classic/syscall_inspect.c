/* syscall-inspect in one file: strace -D starts the command and writes to a
 * FIFO; engine ptrace is asked for by the child itself (PTRACE_TRACEME) */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "syscall_names.h"

struct entry {
    char name[48];
    unsigned long calls, errors;
} entries[2048];
static int used;

struct thread {
    long pid;
    int entry;
    bool inside, seen;
    char *text;
} threads[4096];
static int thread_count;

static bool list, follow, started;
static FILE *out;
static volatile pid_t child;
static char *changes[1000];
static int change_count;

static int lookup(const char *name, size_t len)
{
    static int by_hash[4096];
    unsigned h = 0;

    len = len < sizeof entries[0].name ? len : sizeof entries[0].name - 1;
    for (size_t i = 0; i < len; i++)
        h = h * 31 + (unsigned char)name[i];
    for (h %= 4096; by_hash[h] != 0; h = (h + 1) % 4096) {
        struct entry *e = &entries[by_hash[h] - 1];

        if (strlen(e->name) == len && memcmp(e->name, name, len) == 0)
            return by_hash[h] - 1;
    }
    if (used == 2047)
        errx(125, "too many names");
    memcpy(entries[used].name, name, len);
    by_hash[h] = ++used;
    return used - 1;
}

static struct thread *thread_of(long pid)
{
    for (int i = 0; i < thread_count; i++)
        if (threads[i].pid == pid)
            return &threads[i];
    for (int i = 0; i < thread_count; i++)
        if (threads[i].pid == -1) {
            threads[i] = (struct thread){.pid = pid, .text = threads[i].text};
            return &threads[i];
        }
    if (thread_count == 4096)
        errx(125, "too many threads");
    threads[thread_count].pid = pid;
    return &threads[thread_count++];
}

static void finish(struct thread *t, const char *text, const char *more,
                   const char *result)
{
    struct entry *e = &entries[t->entry];

    if (!started && strcmp(e->name, "execve") == 0 && *result == '0') {
        started = true;
        e->calls++;
    }
    if (started)
        e->errors +=
            strstr(result, "-1 E") == result || strstr(result, "? E") == result;
    if (list && started && follow)
        fprintf(out, "%ld ", t->pid);
    if (list && started)
        fprintf(out, "%s%s\n", text, more);
    t->inside = false;
}

/* The result behind the arguments; open: parentheses that are open at p. */
static const char *behind(const char *p, int open)
{
    bool quoted = false;

    for (; *p != '\0'; p++) {
        if (quoted && *p == '\\')
            p++;
        else if (*p == '"')
            quoted = !quoted;
        else if (!quoted && *p == '(')
            open++;
        else if (!quoted && *p == ')' && --open == 0)
            break;
    }
    return *p == '\0'                ? NULL
           : strstr(p, "= ") != NULL ? strstr(p, "= ") + 2
                                     : NULL;
}

static void line_came(char *line)
{
    long pid = strtol(line, &line, 10);
    struct thread *t = thread_of(pid);
    const char *result;
    char *rest;

    line += strspn(line, " ");
    if (strncmp(line, "<... ", 5) == 0 && t->inside &&
        (rest = strstr(line, "resumed>")) != NULL) {
        result = behind(rest + 8, 1);
        if (result != NULL)
            finish(t, t->text, rest + 8, result);
        return;
    }
    if (strncmp(line, "+++", 3) == 0 && t->inside)
        finish(t, t->text, ") = ?", "?");
    if (strspn(line, "abcdefghijklmnopqrstuvwxyz_0123456789") == 0)
        return;
    t->entry = lookup(line, strcspn(line, "("));
    entries[t->entry].calls += started;
    result = behind(line, 0);
    if (result != NULL) {
        finish(t, line, "", result);
        return;
    }
    t->inside = true;
    free(t->text);
    t->text = strdup(line);
    if (t->text == NULL)
        err(125, "strdup");
    rest = t->text + strlen(t->text) - strlen("<unfinished ...>");
    if (rest > t->text && strcmp(rest, "<unfinished ...>") == 0)
        *rest = '\0';
}

static void pass(int sig)
{
    if (child > 0)
        kill(child, sig);
}

static bool reaped(int *status, int flags)
{
    pid_t pid;

    while ((pid = waitpid(child, status, flags)) == -1 && errno == EINTR)
        continue;
    return pid == child;
}

/* 0 if execvp will find it; else 127 or 126. */
static int looked_for(const char *name)
{
    const char *path = getenv("PATH");
    char all[8192], *one, *rest = all;
    struct stat s;
    int found = 127;

    if (strchr(name, '/') != NULL) {
        if (stat(name, &s) == -1)
            return 127;
        return S_ISREG(s.st_mode) && access(name, X_OK) == 0 ? 0 : 126;
    }
    snprintf(all, sizeof all, "%s", path != NULL ? path : "/bin:/usr/bin");
    while ((one = strsep(&rest, ":")) != NULL) {
        char full[8192];

        if (snprintf(full, sizeof full, "%s/%s", one, name) < 0)
            continue;
        if (stat(full, &s) == 0 && S_ISREG(s.st_mode)) {
            if (access(full, X_OK) == 0)
                return 0;
            found = 126;
        }
    }
    return found;
}

static void exec_strace(const char *fifo, char *argv[], int argc)
{
    char *words[5000];
    int n = 0;

    words[n++] = "strace";
    words[n++] = follow ? "-qqDf" : "-qqD";
    words[n++] = "-o";
    words[n++] = (char *)fifo;
    for (int i = 0; i < change_count; i++) {
        words[n++] = "-E";
        words[n++] = changes[i];
    }
    words[n++] = "--";
    for (int i = 0; i <= argc && n < 4999; i++)
        words[n++] = argv[i];
    execvp("strace", words);
    warn("strace");
    _exit(125);
}

static int by_strace(char *argv[], int argc)
{
    char folder[] = "/tmp/inspect-XXXXXX", fifo[64];
    char *buf = malloc(1 << 20);
    size_t have = 0;
    int fd, status = 0;
    bool gone = false, any = false;

    if (buf == NULL || mkdtemp(folder) == NULL)
        err(125, "%s", folder);
    snprintf(fifo, sizeof fifo, "%s/trace", folder);
    if (mkfifo(fifo, 0600) == -1 ||
        (fd = open(fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC)) == -1)
        err(125, "%s", fifo);
    child = fork();
    if (child == -1)
        warn("fork");
    if (child == 0)
        exec_strace(fifo, argv, argc);
    while (child > 0) {
        struct pollfd p = {fd, POLLIN, 0};
        ssize_t n;
        char *end;

        poll(&p, 1, 50);
        n = read(fd, buf + have, (1 << 20) - have);
        if (n == -1)
            continue; /* EINTR, EAGAIN */
        if (n == 0) {
            if (gone)
                break;
            gone = reaped(&status, WNOHANG);
            if (!gone)
                poll(NULL, 0, 2);
            continue;
        }
        any = true;
        have += (size_t)n;
        while ((end = memchr(buf, '\n', have)) != NULL) {
            *end++ = '\0';
            line_came(buf);
            have -= (size_t)(end - buf);
            memmove(buf, end, have);
        }
    }
    unlink(fifo);
    rmdir(folder);
    return child == -1 || !any ? -1 : status;
}

static void one_stop(struct thread *t)
{
    struct __ptrace_syscall_info info;
    unsigned long long *a = (unsigned long long *)info.entry.args;
    char text[200], odd[40];
    const char *name;

    if (ptrace(PTRACE_GET_SYSCALL_INFO, (pid_t)t->pid, sizeof info, &info) <= 0)
        return;
    if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
        static int known[SYSCALL_NAMES];

        name =
            info.entry.nr < SYSCALL_NAMES ? syscall_names[info.entry.nr] : NULL;
        if (name == NULL) {
            snprintf(odd, sizeof odd, "syscall_%#llx",
                     (unsigned long long)info.entry.nr);
            t->entry = lookup(odd, strlen(odd));
        } else {
            if (known[info.entry.nr] == 0)
                known[info.entry.nr] = lookup(name, strlen(name)) + 1;
            t->entry = known[info.entry.nr] - 1;
        }
        entries[t->entry].calls += started;
        t->inside = true;
        if (!list)
            return;
        free(t->text);
        if (asprintf(&t->text, "%s(%llu, %llu, %llu, %llu, %llu, %llu)",
                     entries[t->entry].name, a[0], a[1], a[2], a[3], a[4],
                     a[5]) == -1)
            err(125, "asprintf");
    } else if (info.op == PTRACE_SYSCALL_INFO_EXIT && t->inside) {
        if (info.exit.is_error) {
            name = strerrorname_np((int)-info.exit.rval);
            snprintf(text, sizeof text, "= -1 %s", name ? name : "ERESTART");
        } else {
            snprintf(text, sizeof text, "= %lld", (long long)info.exit.rval);
        }
        if (list) {
            char line[400];

            snprintf(line, sizeof line, "%s %s", t->text, text);
            finish(t, line, "", text + 2);
        } else {
            finish(t, "", "", text + 2);
        }
    }
}

static int by_ptrace(char *argv[])
{
    long options =
        PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL | PTRACE_O_TRACEEXEC;
    int status = 0, what;
    pid_t pid;

    if (follow)
        options |=
            PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK;
    child = fork();
    if (child == -1) {
        warn("fork");
        return -1;
    }
    if (child == 0) {
        for (int i = 0; i < change_count; i++)
            putenv(changes[i]);
        if (ptrace(PTRACE_TRACEME, 0, 0, 0) == -1)
            _exit(125);
        raise(SIGSTOP);
        execvp(argv[0], argv);
        _exit(126);
    }
    if (!reaped(&what, WUNTRACED) || !WIFSTOPPED(what)) {
        warnx("cannot trace");
        return -1;
    }
    ptrace(PTRACE_SETOPTIONS, child, 0, options);
    thread_of(child)->seen = true;
    ptrace(PTRACE_SYSCALL, child, 0, 0);
    while ((pid = waitpid(-1, &what, __WALL)) != -1 || errno == EINTR) {
        struct thread *t;
        int sig;

        if (pid == -1)
            continue;
        t = thread_of(pid);
        if (!WIFSTOPPED(what)) {
            if (t->inside)
                finish(t, t->text ? t->text : "", " = ?", "?");
            t->pid = -1;
            if (pid == child)
                status = what;
            continue;
        }
        sig = WSTOPSIG(what);
        if (sig == (SIGTRAP | 0x80))
            one_stop(t);
        if (sig == (SIGTRAP | 0x80) || what >> 16 != 0)
            sig = 0;
        else if (sig == SIGSTOP && !t->seen)
            sig = 0;
        t->seen = true;
        ptrace(PTRACE_SYSCALL, pid, 0, (long)sig);
    }
    return status;
}

static int order(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;

    return x->calls != y->calls ? (x->calls < y->calls) * 2 - 1
                                : strcmp(x->name, y->name);
}

int main(int argc, char *argv[])
{
    const char *engine = "strace";
    unsigned long calls = 0, errors = 0;
    int o, status;

    out = stderr;
    while ((o = getopt(argc, argv, "+lfe:o:E:")) != -1)
        switch (o) {
        case 'l':
            list = true;
            break;
        case 'f':
            follow = true;
            break;
        case 'e':
            engine = optarg;
            break;
        case 'E':
            changes[change_count < 999 ? change_count++ : 999] = optarg;
            break;
        case 'o':
            out = fopen(optarg, "we");
            if (out == NULL)
                err(125, "%s", optarg);
            break;
        default:
            errx(125, "usage: syscall-inspect [-l] [-f] ... COMMAND");
        }
    if (optind == argc ||
        (strcmp(engine, "strace") != 0 && strcmp(engine, "ptrace") != 0))
        errx(125, "usage: syscall-inspect [-lf] [-e strace|ptrace] COMMAND");
    status = looked_for(argv[optind]);
    if (status != 0)
        errx(status, "%s: cannot be executed", argv[optind]);
    struct sigaction action = {.sa_handler = pass, .sa_flags = SA_RESTART};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    status = *engine == 's' ? by_strace(argv + optind, argc - optind)
                            : by_ptrace(argv + optind);
    if (status == -1)
        return 125;
    if (!list) {
        qsort(entries, (size_t)used, sizeof entries[0], order);
        for (int i = 0; i < used && entries[i].calls > 0; i++) {
            fprintf(out, "%lu %lu %s\n", entries[i].calls, entries[i].errors,
                    entries[i].name);
            calls += entries[i].calls;
            errors += entries[i].errors;
        }
        fprintf(out, "%lu %lu total\n", calls, errors);
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
