/*
 * procmon - run commands side by side and tell what becomes of each of them
 *
 *   procmon [-o FILE] COMMAND [ARG...] [--- COMMAND [ARG...]]...
 *
 * One line for each event, on stderr or in FILE. Ends with the status of the
 * last COMMAND: 128+N if signal N killed it, 127 not found, 126 cannot be
 * executed; 125 if procmon itself fails.
 *
 * see also: waitpid(2), sigaction(2), sigsuspend(2), kill(2), alarm(2),
 * signal-safety(7); TLPI 20-22, 26
 */
#define _GNU_SOURCE /* sigabbrev_np */
#include "procmon.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { GRACE = 2 /* seconds from SIGINT or SIGTERM to SIGKILL */ };

/* -- the log --------------------------------------------------------------- */

/* TODO(project) step 1: write(2) until all is written; EINTR: once more. */
int write_full(int fd, const void *data, size_t size)
{
    return write(fd, data, size) == -1 ? -1 : 0;
}

/* In one write: in a pipe, a line no longer than PIPE_BUF is never torn. */
void say(struct monitor *m, const char *format, ...)
{
    char line[PIPE_BUF];
    size_t room = sizeof(line) - 1, size;
    va_list args;

    va_start(args, format);
    size = (size_t)vsnprintf(line, room, format, args);
    va_end(args);
    if (size >= room)
        size = room - 1;
    line[size] = '\n';
    if (write_full(m->log, line, size + 1) == -1)
        m->failed = true;
}

/* -- signals --------------------------------------------------------------- */

/* TODO(project) step 4: a handler that sets a flag for its signal, of type
 * volatile sig_atomic_t, and nothing else. signal-safety(7), TLPI 21.1. */

/* TODO(project) step 5: block the signals of `handled`, keep the mask that was
 * there in m->at_start; install the handler, keep the old actions in
 * m->actions. sigprocmask(2), sigaction(2), TLPI 20.10, 20.13. */
static int listen_to(struct monitor *m)
{
    return sigprocmask(SIG_BLOCK, NULL, &m->at_start);
}

/* TODO(project) step 8: sig to the group of every child that is still there,
 * and SIGCONT after it. kill(2), TLPI 20.5, 34.2. */
static void pass_on(const struct monitor *m, int sig)
{
    (void)m, (void)sig;
}

/* -- children -------------------------------------------------------------- */

/* TODO(project) step 6: one line for what waitpid(2) said: exited, killed,
 * stopped or continued. wait(2), sigabbrev_np(3), TLPI 26.1.3. */
static void report(struct monitor *m, pid_t pid, int status)
{
    (void)status;
    say(m, "SIGCHLD pid=%d", pid);
}

/* TODO(project) step 7: ask waitpid(2) until no child has news; report it; who
 * has ended is no longer living, and keeps its status. TLPI 26.3. */
static void reap(struct monitor *m)
{
    pid_t pid = waitpid(-1, NULL, WNOHANG);

    if (pid > 0)
        report(m, pid, 0);
}

/* TODO(project) step 9: while children live: sleep until a signal comes, reap,
 * pass on SIGINT and SIGTERM, GRACE seconds later SIGKILL. sigsuspend(2),
 * alarm(2), TLPI 22.9, 23.1. */
static void watch(struct monitor *m)
{
    reap(m);
    pass_on(m, 0);
}

/* -- the command line ------------------------------------------------------ */

static _Noreturn void die(const char *about)
{
    fprintf(stderr, "procmon: %s: %s\n", about, strerror(errno));
    exit(FAILED);
}

static _Noreturn void usage(void)
{
    fprintf(stderr, "usage: procmon [-o FILE] COMMAND [ARG...] "
                    "[--- COMMAND [ARG...]]...\n");
    exit(FAILED);
}

/* Each `---` becomes the NULL that ends an argv. */
static void split(struct monitor *m, char **words)
{
    m->count = 1;
    for (char **word = words; *word != NULL; word++)
        m->count += strcmp(*word, "---") == 0;
    m->children = calloc((size_t)m->count, sizeof(m->children[0]));
    if (m->children == NULL)
        die("calloc");
    for (int i = 0; i < m->count; i++) {
        m->children[i].argv = words;
        while (*words != NULL && strcmp(*words, "---") != 0)
            words++;
        if (words == m->children[i].argv)
            usage();
        *words++ = NULL;
    }
}

static void parse(struct monitor *m, int argc, char *argv[])
{
    int letter;

    m->log = STDERR_FILENO;
    while ((letter = getopt(argc, argv, "+o:")) != -1) {
        if (letter != 'o')
            usage();
        m->log = open(optarg, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
        if (m->log == -1)
            die(optarg);
    }
    split(m, argv + optind);
}

int main(int argc, char *argv[])
{
    struct monitor m = {0};

    parse(&m, argc, argv);
    if (listen_to(&m) == -1)
        die("signals");
    say(&m, "parent pid=%d", getpid());
    for (int i = 0; i < m.count && !m.failed; i++)
        if (start(&m, &m.children[i]) == -1) {
            fprintf(stderr, "procmon: %s: %s\n", m.children[i].argv[0],
                    strerror(errno));
            m.failed = true;
        }
    watch(&m);
    say(&m, "done children=%d", m.started);
    if (m.failed)
        return FAILED;
    /* TODO(project) step 10: the status of the last COMMAND; SIGNALLED + N if
     * signal N killed it. */
    return 0;
}
