/* syscall_strace - engine strace: reads what strace(1) says, line by line
 *
 *     1234  read(0, "a \"b\" = -1 E", 32)   = 13
 *     1234  wait4(-1,  <unfinished ...>
 *     1235  openat(AT_FDCWD, "x", O_RDONLY) = -1 ENOENT (No such file ...)
 *     1234  <... wait4 resumed>NULL, 0, NULL) = 1235
 *     1234  --- SIGCHLD {si_signo=SIGCHLD, ...} ---
 *
 * The process number is there with -f only. Everything else than a call, as the
 * signal, is left out.
 */
#define _GNU_SOURCE /* pipe2 */
#include "syscall_inspect.h"

#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* A process of which only the first half of a call has come so far. */
struct half {
    struct half *next;
    long pid;
    struct row *row;
    char *text; /* with -l */
};

static struct half *halves;

static struct half *half_of(long pid)
{
    struct half *h = halves;

    while (h != NULL && h->pid != pid)
        h = h->next;
    if (h == NULL && (h = calloc(1, sizeof *h)) != NULL) {
        h->pid = pid;
        h->next = halves;
        halves = h;
    }
    return h;
}

static void list(const struct session *s, long pid, const char *first,
                 const char *rest)
{
    if (!s->list || !s->started)
        return;
    if (s->follow)
        fprintf(s->out, "%ld ", pid);
    fprintf(s->out, "%s%s\n", first, rest);
}

/* The first execve of the command that succeeds is where all counting starts:
 * before it the child looked through PATH, for instance. */
static void take_result(struct session *s, struct row *row, const char *result)
{
    if (!s->started && strncmp(row->name, "execve", 6) == 0 && *result == '0') {
        s->started = true;
        row->calls++;
    }
    if (s->started)
        row->errors += is_error(result);
}

static int call_begins(struct session *s, long pid, const char *line)
{
    size_t len = strcspn(line, "(");
    struct row *row = row_of(line, len);
    const char *result = result_of(line + len, 0);
    struct half *h;

    if (row == NULL)
        return -1;
    row->calls += s->started;
    if (result != NULL) {
        take_result(s, row, result);
        list(s, pid, line, "");
        return 0;
    }
    if ((h = half_of(pid)) == NULL)
        return -1;
    h->row = row;
    free(h->text);
    h->text = s->list ? strdup(line) : NULL;
    if (h->text != NULL && strstr(h->text, " <unfinished ...>") != NULL)
        *strrchr(h->text, '<') = '\0';
    return s->list && h->text == NULL ? -1 : 0;
}

/* "<... read resumed>"x", 1) = 1" */
static int call_resumes(struct session *s, long pid, const char *line)
{
    const char *rest = strstr(line, " resumed>");
    struct half *h = half_of(pid);
    const char *result;

    if (h == NULL)
        return -1;
    if (rest == NULL || h->row == NULL)
        return 0; /* it began before we attached */
    rest += strlen(" resumed>");
    result = result_of(rest, 1);
    if (result != NULL)
        take_result(s, h->row, result);
    list(s, pid, h->text != NULL ? h->text : "", rest);
    h->row = NULL;
    return 0;
}

/* A process has ended; in the middle of a call, if it was killed. */
static void process_ends(struct session *s, long pid)
{
    struct half *h = half_of(pid);

    if (h != NULL && h->row != NULL)
        list(s, pid, h->text != NULL ? h->text : "", ") = ?");
    if (h != NULL)
        h->row = NULL;
}

static int take_line(struct session *s, char *line)
{
    long pid = 0;

    if (isdigit((unsigned char)*line)) {
        pid = strtol(line, &line, 10);
        line += strspn(line, " ");
    }
    if (isalpha((unsigned char)*line) || *line == '_')
        return strchr(line, '(') != NULL ? call_begins(s, pid, line) : 0;
    if (strncmp(line, "<... ", 5) == 0)
        return call_resumes(s, pid, line);
    if (strncmp(line, "+++ ", 4) == 0)
        process_ends(s, pid);
    return 0; /* a signal, or strace about itself: no call */
}

/* ---- strace itself ------------------------------------------------------- */

/* Starts strace on the command; its output comes out of *fd. Nobody but strace
 * inherits the pipe. -I3: a ^C is for the command, not for its tracer. */
static pid_t start_strace(const struct session *s, int *fd)
{
    char number[24];
    char *argv[] = {"strace",    s->follow ? "-qqf" : "-qq",
                    "-I3",       "-o",
                    "/dev/fd/9", "-p",
                    number,      NULL};
    posix_spawn_file_actions_t actions;
    int ends[2], error;
    pid_t pid = -1;

    if (pipe2(ends, O_CLOEXEC) == -1)
        return -1;
    snprintf(number, sizeof number, "%d", (int)s->command);
    error = posix_spawn_file_actions_init(&actions);
    if (error == 0) {
        error = posix_spawn_file_actions_adddup2(&actions, ends[1], 9);
        if (error == 0)
            error = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
        posix_spawn_file_actions_destroy(&actions);
    }
    close(ends[1]);
    *fd = ends[0];
    if (error == 0)
        return pid;
    close(ends[0]);
    errno = error;
    return -1;
}

/* The first words come when strace has attached: they tell of the read in
 * which the command waits. */
static int read_trace(struct session *s, struct reader *r)
{
    char *line;
    int more = fill_reader(r);

    if (more == 1 && release(s) == -1)
        return -1;
    while (more == 1 && (more = next_line(r, &line)) == 1)
        if (take_line(s, line) == -1)
            return -1;
    return more;
}

int run_strace(struct session *s, int *status)
{
    struct reader r = {.size = 65536, .buf = malloc(65536)};
    int result = -1, ended = 0;
    pid_t pid;

    if (r.buf == NULL || (pid = start_strace(s, &r.fd)) == -1) {
        warn("cannot run strace");
        free(r.buf);
        return -1;
    }
    result = read_trace(s, &r);
    if (result == -1) {
        warn("cannot read what strace says");
        kill(pid, SIGKILL); /* it hears nothing else: -I3 */
    }
    close(r.fd);
    if (wait_for(pid, &ended) == -1 || ended != 0) {
        if (result == 0)
            warnx("strace has failed");
        result = -1;
    }
    free(r.buf);
    return result == 0 ? wait_for(s->command, status) : -1;
}
