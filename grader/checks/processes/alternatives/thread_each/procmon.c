/* procmon, built differently: a thread for each child waits for it, as a Go program does; main waits for signals. */
#define _GNU_SOURCE /* sigabbrev_np */
#include "procmon.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    GRACE = 2, /* seconds from SIGINT or SIGTERM to SIGKILL */
    ALONE = -1 /* for a status: no thread waits for this child */
};

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

static pthread_mutex_t lock =
    PTHREAD_MUTEX_INITIALIZER; /* of children, living */
static sigset_t ours;

static int listen_to(struct monitor *m)
{
    sigemptyset(&ours);
    for (int i = 0; i < HANDLED; i++) {
        sigaddset(&ours, handled[i]);
        if (sigaction(handled[i], NULL, &m->actions[i]) == -1)
            return -1;
    }
    signal(SIGCHLD, SIG_DFL);
    return sigprocmask(SIG_BLOCK, &ours, &m->at_start);
}

/* To whole groups; a stopped one could not obey. A child that was reaped gets
 * nothing: its number is free for others, and kill(0) would be ourselves. */
static void pass_on(const struct monitor *m, int sig)
{
    pthread_mutex_lock(&lock);
    for (int i = 0; i < m->count; i++)
        if (m->children[i].pid > 0) {
            kill(-m->children[i].pid, sig);
            kill(-m->children[i].pid, SIGCONT);
        }
    pthread_mutex_unlock(&lock);
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

struct task {
    struct monitor *monitor;
    struct child *child;
};

/* First look, then take the lock, then take the status: nobody signals a
 * number that is given away. */
static bool reap(struct monitor *m, struct child *child, int options)
{
    pid_t pid = child->pid;
    siginfo_t info;
    int status;
    bool ended = false;

    options |= WEXITED | WSTOPPED | WCONTINUED | WNOWAIT;
    if (waitid(P_PID, (id_t)pid, &info, options) == -1)
        return errno != EINTR;
    pthread_mutex_lock(&lock);
    if (waitpid(pid, &status, WNOHANG | WUNTRACED | WCONTINUED) > 0) {
        report(m, pid, status);
        ended = WIFEXITED(status) || WIFSIGNALED(status);
    }
    if (ended) {
        child->status = status;
        child->pid = 0;
        m->living--;
    }
    pthread_mutex_unlock(&lock);
    return ended;
}

static void *wait_for(void *data)
{
    struct task *task = data;

    while (!reap(task->monitor, task->child, 0))
        continue;
    kill(getpid(), SIGCHLD); /* main looks who lives */
    free(task);
    return NULL;
}

static int watch_over(struct monitor *m, struct child *child)
{
    struct task *task = malloc(sizeof(*task));
    pthread_attr_t detached;
    pthread_t thread;

    if (task == NULL)
        return -1;
    *task = (struct task){m, child};
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&detached, 64 << 10);
    errno = pthread_create(&thread, &detached, wait_for, task);
    pthread_attr_destroy(&detached);
    return errno == 0 ? 0 : -1;
}

/* No room for a thread: main waits for this child as well. */
static void watch_alone(struct monitor *m)
{
    for (int i = 0; i < m->count; i++)
        if (m->children[i].status == ALONE)
            reap(m, &m->children[i], WNOHANG);
}

static int living(const struct monitor *m)
{
    int n;

    pthread_mutex_lock(&lock);
    n = m->living;
    pthread_mutex_unlock(&lock);
    return n;
}

static void watch(struct monitor *m)
{
    watch_alone(m); /* one may have ended meanwhile */
    while (living(m) > 0) {
        int sig = sigwaitinfo(&ours, NULL);

        if (sig == SIGALRM) {
            pass_on(m, SIGKILL);
        } else if (sig == SIGINT || sig == SIGTERM) {
            pass_on(m, sig);
            alarm(GRACE);
        } else {
            watch_alone(m);
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
    for (int i = 0; i < m.count; i++)
        if (m.children[i].pid > 0 && watch_over(&m, &m.children[i]) == -1) {
            fprintf(stderr, "procmon: thread: %s\n", strerror(errno));
            m.children[i].status = ALONE;
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
