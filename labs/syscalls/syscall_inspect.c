/* syscall-inspect - which system calls does a command make?
 *
 * usage: syscall-inspect [-l] [-f] [-e strace|ptrace] [-o FILE]
 *                        [-E NAME[=VALUE]]... COMMAND [ARG...]
 *
 * see also: strace(1), ptrace(2), execvp(3), waitpid(2); TLPI 3, 6, 24-27
 *
 * The command is a child of this program that waits on a socket, a system call
 * before its execve, until the engine has attached to it. So whatever the
 * engine is, this program makes the environment, looks for the command, passes
 * signals on and learns the exit status, and nothing stands in between.
 */
#define _GNU_SOURCE /* PR_SET_PTRACER */
#include "syscall_inspect.h"

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FAILED = 125, NOT_EXECUTABLE = 126, NOT_FOUND = 127, SIGNALLED = 128 };

static const int passed_on[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
static volatile pid_t command; /* for the handler; 0: nobody is there */

static void usage(void)
{
    fputs("usage: syscall-inspect [-l] [-f] [-e strace|ptrace] [-o FILE] "
          "[-E NAME[=VALUE]]... COMMAND [ARG...]\n",
          stderr);
    exit(FAILED);
}

/* In the child: what -E says. glibc's putenv removes a name without `=`. */
static void change_environment(char *changes[])
{
    /* TODO(project): 16. NAME=VALUE sets, NAME alone removes. putenv(3) or
     * setenv(3) and unsetenv(3); TLPI 6.7. */
    (void)changes;
}

/* In the child. Ends without a word if the parent or its engine has failed. */
static _Noreturn void become(int channel, char *argv[], char *changes[])
{
    prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY); /* strace will be no ancestor */
    change_environment(changes);
    /* TODO(project): 1. wait for one byte from channel (what if none comes?),
     * then execvp(3). If that fails, write errno to channel and end with
     * NOT_FOUND (ENOENT) or NOT_EXECUTABLE, without flushing anything. */
    (void)channel, (void)argv;
    _exit(FAILED);
}

static int start(struct session *s, char *argv[], char *changes[])
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == -1)
        return -1;
    switch (s->command = fork()) {
    case -1:
        close(ends[0]);
        close(ends[1]);
        return -1;
    case 0:
        close(ends[0]);
        become(ends[1], argv, changes);
    default:
        close(ends[1]);
        s->channel = ends[0];
        return 0;
    }
}

int release(const struct session *s)
{
    ssize_t n;

    do
        n = send(s->channel, "", 1, MSG_NOSIGNAL);
    while (n == -1 && errno == EINTR);
    return n == 1 ? 0 : -1;
}

int wait_for(pid_t pid, int *status)
{
    pid_t found;

    do
        found = waitpid(pid, status, 0);
    while (found == -1 && errno == EINTR);
    return found == pid ? 0 : -1;
}

/* What comes from the terminal reaches the command without our help: it is in
 * the same process group. kill(2) is async-signal-safe. */
static void pass_on(int sig, siginfo_t *info, void *context)
{
    /* TODO(project): 17. send it to the command. Not if it came from the
     * terminal (si_code is positive): the command has got it then. errno has to
     * stay as it is. sigaction(2), signal-safety(7). */
    (void)sig, (void)info, (void)context, (void)command;
}

/* We stay to tell what the command did until the signal ended it. */
static void handle_signals(pid_t pid)
{
    struct sigaction action = {.sa_sigaction = pass_on,
                               .sa_flags = SA_SIGINFO | SA_RESTART};
    struct sigaction old;

    command = pid;
    for (size_t i = 0; i < sizeof passed_on / sizeof passed_on[0]; i++) {
        sigaction(passed_on[i], NULL, &old);
        if (old.sa_handler != SIG_IGN) /* as nohup(1) wants it */
            sigaction(passed_on[i], &action, NULL);
    }
}

/* The errno with which the command's execve failed; 0: it did not. */
static int exec_error(int channel)
{
    /* TODO(project): 3. what `become` has written; it wrote nothing, and its
     * end is closed, if execve has succeeded. */
    (void)channel;
    return 0;
}

static int exit_status(int status)
{
    /* TODO(project): 2. from a wait status to an exit status; 128 + N for
     * signal N. waitpid(2), TLPI 26.1.3. */
    (void)status;
    return FAILED;
}

/* Runs the command under the engine, prints; returns the exit status. */
static int inspect(struct session *s, int (*engine)(struct session *, int *),
                   const char *name)
{
    int status, error;

    handle_signals(s->command);
    if (engine(s, &status) == -1) {
        kill(s->command, SIGKILL);
        wait_for(s->command, &status);
        return FAILED;
    }
    error = exec_error(s->channel);
    if (error != 0) {
        warnx("%s: %s", name, strerror(error));
        return error == ENOENT ? NOT_FOUND : NOT_EXECUTABLE;
    }
    if ((!s->list && print_table(s->out) == -1) || fflush(s->out) != 0) {
        warn("output");
        return FAILED;
    }
    return exit_status(status);
}

int main(int argc, char *argv[])
{
    struct session s = {.out = stderr};
    int (*engine)(struct session *, int *) = run_strace;
    char **changes = calloc((size_t)argc, sizeof *changes);
    int option, n = 0;

    if (changes == NULL)
        err(FAILED, "calloc");
    while ((option = getopt(argc, argv, "+lfe:o:E:")) != -1) {
        if (option == 'l')
            s.list = true;
        else if (option == 'f')
            s.follow = true;
        else if (option == 'e' && strcmp(optarg, "ptrace") == 0)
            engine = run_ptrace;
        else if (option == 'e' && strcmp(optarg, "strace") == 0)
            engine = run_strace;
        else if (option == 'E')
            changes[n++] = optarg;
        else if (option != 'o')
            usage();
        else if ((s.out = fopen(optarg, "we")) == NULL)
            err(FAILED, "%s", optarg);
    }
    if (optind == argc)
        usage();
    if (start(&s, argv + optind, changes) == -1)
        err(FAILED, "cannot start %s", argv[optind]);
    return inspect(&s, engine, argv[optind]);
}
