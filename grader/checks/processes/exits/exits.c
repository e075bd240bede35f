/*
 * exits - ends in many ways, and what is written then
 *
 * usage: exits NAME     do it
 *
 * Does what labs/processes/exits.toml describes under the name. No answer is
 * written down in here: whoever wants to know them counts what comes out of
 * stdout, which must be a pipe (for names that end in _terminal: a terminal):
 *
 *     exits both_exit | cat; echo
 *
 * Exit status: 0 or what is asked for; 1 if something fails; 2 usage.
 *
 * see also: exit(3), _exit(2), atexit(3), fork(2); TLPI 25
 */
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t child;

static void do_fork(void)
{
    child = fork();
    if (child == -1)
        err(1, "fork");
}

static void wait_for_child(void)
{
    if (child > 0 && waitpid(child, NULL, 0) == -1)
        err(1, "waitpid");
}

static void both_exit(void)
{
    do_fork();
    wait_for_child();
    exit(0);
}

static void print_and_both_exit(void)
{
    printf("x");
    both_exit();
}

static void child_leaves(void)
{
    printf("x");
    do_fork();
    if (child == 0)
        _exit(0);
    wait_for_child();
    exit(0);
}

static void flushed(void)
{
    printf("x");
    fflush(stdout);
    both_exit();
}

static void newline(void)
{
    printf("x\n");
    both_exit();
}

static void written(void)
{
    if (write(STDOUT_FILENO, "x", 1) != 1)
        err(1, "write");
    both_exit();
}

static void child_executes(void)
{
    printf("x");
    do_fork();
    if (child == 0) {
        execlp("true", "true", (char *)NULL);
        _exit(1);
    }
    wait_for_child();
    exit(0);
}

static void aborted(void)
{
    printf("x");
    abort();
}

static void one(void)
{
    printf("1");
}

static void two(void)
{
    printf("2");
}

static void three(void)
{
    printf("3");
}

static void print_x(void)
{
    printf("x");
}

static void order(void)
{
    if (atexit(one) != 0 || atexit(two) != 0 || atexit(three) != 0)
        err(1, "atexit");
}

static void registered(void)
{
    if (atexit(print_x) != 0)
        err(1, "atexit");
    both_exit();
}

static void killed(void)
{
    if (atexit(print_x) != 0)
        err(1, "atexit");
    do_fork();
    if (child == 0) {
        raise(SIGTERM);
        _exit(1);
    }
    wait_for_child();
}

/* The status is printed, as a number. */
static void status_of_exit(int status)
{
    int seen;

    do_fork();
    if (child == 0)
        exit(status);
    if (waitpid(child, &seen, 0) == -1)
        err(1, "waitpid");
    printf("%d", WEXITSTATUS(seen));
}

static void thousand(void)
{
    status_of_exit(1000);
}

static void minus_one(void)
{
    status_of_exit(-1);
}

static const struct way {
    const char *name;
    void (*go)(void);
} ways[] = {
    {"both_exit", print_and_both_exit},
    {"child_leaves", child_leaves},
    {"flushed", flushed},
    {"newline", newline},
    {"newline_terminal", newline},
    {"written", written},
    {"child_executes", child_executes},
    {"aborted", aborted},
    {"order", order},
    {"registered", registered},
    {"killed", killed},
    {"thousand", thousand},
    {"minus_one", minus_one},
};

int main(int argc, char *argv[])
{
    for (size_t i = 0; argc == 2 && i < sizeof(ways) / sizeof(ways[0]); i++)
        if (strcmp(argv[1], ways[i].name) == 0) {
            ways[i].go();
            return 0;
        }
    fprintf(stderr, "usage: exits NAME\n");
    return 2;
}
