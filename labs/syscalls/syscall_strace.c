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
    /* TODO(project): 12. counting begins with the first execve that succeeds,
     * and that one counts. Afterwards, errors count for the row. */
    (void)s, (void)row, (void)result;
}

static int call_begins(struct session *s, long pid, const char *line)
{
    /* TODO(project): 13. the name ends at the parenthesis: find its row, count
     * the call if s->started. If the line has a result (result_of, depth 0):
     * take_result, list. If not, its other half comes later: remember row and,
     * with -l, the text (without `<unfinished ...>`) in half_of(pid). */
    (void)s, (void)pid, (void)line, (void)list, (void)take_result;
    (void)half_of;
    return 0;
}

/* "<... read resumed>"x", 1) = 1" */
static int call_resumes(struct session *s, long pid, const char *line)
{
    /* TODO(project): 14. the rest stands behind ` resumed>`; one parenthesis is
     * open there. The row is that of half_of(pid), which has then no call any
     * more. A call that began before we attached has no row: nothing to do. */
    (void)s, (void)pid, (void)line;
    return 0;
}

/* A process has ended; in the middle of a call, if it was killed. */
static void process_ends(struct session *s, long pid)
{
    /* TODO(project): 15. if it was killed in the middle of a call, that one has
     * to be listed, with `) = ?` as its rest. */
    (void)s, (void)pid;
}

static int take_line(struct session *s, char *line)
{
    /* TODO(project): 11. take the process number off, if there is one. A line
     * that begins as a name does is a call; `<... ` resumes one; `+++ ` ends a
     * process. Everything else is no call. */
    (void)s, (void)line, (void)call_begins, (void)call_resumes;
    (void)process_ends;
    return 0;
}

/* ---- strace itself ------------------------------------------------------- */

/* Starts strace on the command; its output comes out of *fd. Nobody but strace
 * inherits the pipe. -I3: a ^C is for the command, not for its tracer. */
static pid_t start_strace(const struct session *s, int *fd)
{
    /* TODO(project): 6. a pipe, both ends close-on-exec; posix_spawnp(3) strace
     * with the options -qq, -f if s->follow, -I3, -o /dev/fd/9 and -p with the
     * number of s->command. posix_spawn_file_actions_adddup2 makes the write
     * end its descriptor 9. Then close the write end here: why? */
    (void)s, (void)fd, (void)environ;
    errno = ENOSYS;
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
