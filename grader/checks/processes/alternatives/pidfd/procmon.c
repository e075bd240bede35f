/* procmon, built differently: a pidfd for each child says when it ends; signals are let in by ppoll(2) alone. */
#define _GNU_SOURCE /* sigabbrev_np */
#include "procmon.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
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

static volatile sig_atomic_t came[NSIG];

/* Runs within sigsuspend(2) only, and touches neither errno nor anything else
 * that the main program holds: see listen_to. */
static void on_signal(int sig)
{
    came[sig] = 1;
}

static bool take(int sig)
{
    bool was = came[sig];

    came[sig] = 0;
    return was;
}

/* From here on signals wait until sigsuspend(2) lets them in: none can come
 * between a look at its flag and the sleep, and no other call is interrupted. */
static int listen_to(struct monitor *m)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigset_t ours;

    sigemptyset(&ours);
    for (int i = 0; i < HANDLED; i++)
        sigaddset(&ours, handled[i]);
    if (sigprocmask(SIG_BLOCK, &ours, &m->at_start) == -1)
        return -1;
    action.sa_mask = ours;
    for (int i = 0; i < HANDLED; i++)
        if (sigaction(handled[i], &action, &m->actions[i]) == -1)
            return -1;
    return 0;
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

static struct pollfd *fds;

static void watch_pidfds(struct monitor *m)
{
    fds = calloc((size_t)m->count, sizeof(fds[0]));
    for (int i = 0; fds != NULL && i < m->count; i++) {
        fds[i].fd = -1;
        fds[i].events = POLLIN;
        if (m->children[i].pid > 0)
            fds[i].fd = (int)syscall(SYS_pidfd_open, m->children[i].pid, 0);
    }
    if (fds == NULL)
        abort();
}

static void ask(struct monitor *m, int i, int options)
{
    int status;
    pid_t pid = waitpid(m->children[i].pid, &status, options);

    if (pid <= 0)
        return;
    report(m, pid, status);
    if (WIFEXITED(status) || WIFSIGNALED(status)) {
        close(fds[i].fd);
        fds[i].fd = -1;
        m->children[i].status = status;
        m->children[i].pid = 0;
        m->living--;
    }
}

/* Stops and continuations: no pidfd tells of them. */
static void changed(struct monitor *m)
{
    for (int i = 0; i < m->count; i++)
        if (m->children[i].pid > 0)
            ask(m, i, WNOHANG | WUNTRACED | WCONTINUED);
}

static void watch(struct monitor *m)
{
    sigset_t open = m->at_start;

    for (int i = 0; i < HANDLED; i++)
        sigdelset(&open, handled[i]);
    watch_pidfds(m);
    while (m->living > 0) {
        int n = ppoll(fds, (nfds_t)m->count, NULL, &open);

        for (int i = 0; n > 0 && i < m->count; i++)
            if (fds[i].revents)
                ask(m, i, 0);
        if (take(SIGCHLD))
            changed(m);
        for (int i = 0; i < HANDLED; i++)
            if (handled[i] != SIGCHLD && take(handled[i])) {
                pass_on(m, handled[i] == SIGALRM ? SIGKILL : handled[i]);
                alarm(handled[i] == SIGALRM ? 0 : GRACE);
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
    status = m.children[m.count - 1].status;
    return WIFEXITED(status) ? WEXITSTATUS(status)
                             : SIGNALLED + WTERMSIG(status);
}
