/* procmon, built differently: posix_spawnp(3) makes the children, sigtimedwait(2) takes the signals; no handler, no flag. */
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
#include <time.h>
#include <unistd.h>

enum { GRACE = 2 /* seconds from SIGINT or SIGTERM to SIGKILL */ };

/* -- the log --------------------------------------------------------------- */

int write_full(int fd, const void *data, size_t size)
{
    const char *rest = data;

    while (size > 0) {
        ssize_t n = write(fd, rest, size);

        if (n == -1 && errno != EINTR)
            return -1;
        if (n > 0) {
            rest += n;
            size -= (size_t)n;
        }
    }
    return 0;
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

static sigset_t ours;

static int listen_to(struct monitor *m)
{
    sigemptyset(&ours);
    sigaddset(&ours, SIGCHLD);
    sigaddset(&ours, SIGINT);
    sigaddset(&ours, SIGTERM);
    signal(SIGCHLD, SIG_DFL);
    return sigprocmask(SIG_BLOCK, &ours, &m->at_start);
}

/* To whole groups; a stopped one could not obey. A child that was reaped gets
 * nothing: its number is free for others, and kill(0) would be ourselves. */
static void pass_on(const struct monitor *m, int sig)
{
    for (int i = 0; i < m->count; i++)
        if (m->children[i].pid > 0) {
            kill(-m->children[i].pid, sig);
            kill(-m->children[i].pid, SIGCONT);
        }
}

/* -- children -------------------------------------------------------------- */

static void report(struct monitor *m, pid_t pid, int status)
{
    if (WIFEXITED(status))
        say(m, "SIGCHLD pid=%d exited status=%d", pid, WEXITSTATUS(status));
    else if (WIFSIGNALED(status))
        say(m, "SIGCHLD pid=%d killed signal=%d name=SIG%s core=%d", pid,
            WTERMSIG(status), sigabbrev_np(WTERMSIG(status)),
            WCOREDUMP(status) ? 1 : 0);
    else if (WIFSTOPPED(status))
        say(m, "SIGCHLD pid=%d stopped signal=%d name=SIG%s", pid,
            WSTOPSIG(status), sigabbrev_np(WSTOPSIG(status)));
    else if (WIFCONTINUED(status))
        say(m, "SIGCHLD pid=%d continued", pid);
}

static struct child *child_of(struct monitor *m, pid_t pid)
{
    for (int i = 0; i < m->count; i++)
        if (m->children[i].pid == pid)
            return &m->children[i];
    return NULL;
}

/* One SIGCHLD may stand for many children: ask until nobody has news. */
static void reap(struct monitor *m)
{
    const int news = WNOHANG | WUNTRACED | WCONTINUED;
    struct child *child;
    pid_t pid;
    int status;

    while ((pid = waitpid(-1, &status, news)) > 0 ||
           (pid == -1 && errno == EINTR)) {
        child = pid > 0 ? child_of(m, pid) : NULL;
        if (child == NULL)
            continue; /* EINTR, or a child from before our execve(2) */
        report(m, pid, status);
        if (WIFEXITED(status) || WIFSIGNALED(status)) {
            child->status = status;
            child->pid = 0;
            m->living--;
        }
    }
}

static struct timespec now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t;
}

static void watch(struct monitor *m)
{
    struct timespec due = {0}, left;
    bool pressing = false;

    while (m->living > 0) {
        int sig;

        if (pressing) {
            left = now();
            left.tv_sec = due.tv_sec - left.tv_sec;
            left.tv_nsec = due.tv_nsec - left.tv_nsec;
            if (left.tv_nsec < 0) {
                left.tv_sec--;
                left.tv_nsec += 1000000000;
            }
            if (left.tv_sec < 0)
                left.tv_sec = left.tv_nsec = 0;
        }
        sig = sigtimedwait(&ours, NULL, pressing ? &left : NULL);
        if (sig == -1 && errno == EAGAIN) {
            pass_on(m, SIGKILL);
            pressing = false;
        } else if (sig == SIGCHLD) {
            reap(m);
        } else if (sig > 0) {
            pass_on(m, sig);
            due = now();
            due.tv_sec += GRACE;
            pressing = true;
        }
    }
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
    int status;

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
    if (m.children[m.count - 1].pid < 0)
        return -m.children[m.count - 1].pid;
    status = m.children[m.count - 1].status;
    return WIFEXITED(status) ? WEXITSTATUS(status)
                             : SIGNALLED + WTERMSIG(status);
}
