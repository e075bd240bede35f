/*
 * probe - a command whose system calls are known beforehand
 *
 * usage: probe STEP=NUMBER|TEXT...    done one after the other:
 *
 *     getppid=17   so many calls that succeed; also getpgid, sched_yield
 *     enoent=5     so many openat(2) that fail; also ebadf (fsync), esrch
 *                  (getpgid), einval (dup3)
 *     beyond=5000  the system call of that number (ENOSYS)
 *     many=200000  so many: seven getppid, one fsync that fails, seven ...
 *     chdir=TEXT   fails; note=TEXT writes it to /dev/null; say=TEXT to stdout
 *     usr1=3       sends itself SIGUSR1, which is handled, so many times
 *     alarm=2      is interrupted in a wait by SIGALRM so many times
 *     chld=2       so many children that end at once
 *     stop=1       stops (SIGSTOP) until somebody lets it go on
 *     handled=0    writes how many signals were handled to stdout
 *     ready=0      writes "ready" to stdout, then waits for a byte on stdin
 *     spin=0       writes "ready" to stdout, then calls getppid for ever
 *     exit=3       ends with that status; die=9 of that signal
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t handled;
static int devnull;

static void handle(int sig)
{
    (void)sig;
    handled++;
}

static void say(const char *text)
{
    size_t n = strlen(text);

    if (write(1, text, n) != (ssize_t)n)
        _exit(99);
}

static void many(long n)
{
    for (long i = 0; i < n; i++)
        if (i % 8 == 7)
            fsync(-1);
        else
            syscall(SYS_getppid);
}

/* Blocked until sigsuspend, so that none comes before it. */
static void alarms(long n)
{
    struct itimerval soon = {.it_value.tv_usec = 1000};
    sigset_t blocked, none;

    signal(SIGALRM, handle);
    sigemptyset(&none);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGALRM);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    for (long i = 0; i < n; i++) {
        setitimer(ITIMER_REAL, &soon, NULL);
        sigsuspend(&none);
    }
    sigprocmask(SIG_UNBLOCK, &blocked, NULL);
}

/* One after the other: SIGCHLD must not come while fork is under way, which
 * would begin again, as one call more. */
static void children(long n)
{
    for (long i = 0; i < n; i++) {
        if (fork() == 0)
            _exit(0);
        wait(NULL);
    }
    wait(NULL);
}

static void wait_for_byte(void)
{
    char byte;

    say("ready\n");
    if (read(0, &byte, 1) < 0)
        _exit(98);
}

static void spin(void)
{
    say("ready\n");
    for (;;)
        syscall(SYS_getppid);
}

static void tell_handled(void)
{
    char text[32];

    snprintf(text, sizeof text, "handled=%d\n", (int)handled);
    say(text);
}

static void counted(const char *what, long n)
{
    for (long i = 0; i < n; i++)
        if (strcmp(what, "getppid") == 0)
            syscall(SYS_getppid);
        else if (strcmp(what, "getpgid") == 0)
            syscall(SYS_getpgid, 0);
        else if (strcmp(what, "sched_yield") == 0)
            syscall(SYS_sched_yield);
        else if (strcmp(what, "enoent") == 0)
            open("/nonexistent/file", O_RDONLY);
        else if (strcmp(what, "ebadf") == 0)
            fsync(-1);
        else if (strcmp(what, "esrch") == 0)
            syscall(SYS_getpgid, -1);
        else if (strcmp(what, "einval") == 0)
            dup3(0, 0, 0);
        else if (strcmp(what, "usr1") == 0)
            kill(getpid(), SIGUSR1);
        else
            errx(97, "no such step: %s", what);
}

static void step(const char *what, const char *text)
{
    long n = strtol(text, NULL, 10);

    if (strcmp(what, "beyond") == 0)
        syscall(n);
    else if (strcmp(what, "many") == 0)
        many(n);
    else if (strcmp(what, "chdir") == 0)
        n = chdir(text);
    else if (strcmp(what, "note") == 0)
        n = write(devnull, text, strlen(text));
    else if (strcmp(what, "say") == 0)
        say(text);
    else if (strcmp(what, "alarm") == 0)
        alarms(n);
    else if (strcmp(what, "chld") == 0)
        children(n);
    else if (strcmp(what, "stop") == 0)
        kill(getpid(), SIGSTOP);
    else if (strcmp(what, "handled") == 0)
        tell_handled();
    else if (strcmp(what, "ready") == 0)
        wait_for_byte();
    else if (strcmp(what, "spin") == 0)
        spin();
    else if (strcmp(what, "exit") == 0)
        _exit((int)n);
    else if (strcmp(what, "die") == 0) {
        signal((int)n, SIG_DFL);
        kill(getpid(), (int)n);
    } else
        counted(what, n);
}

int main(int argc, char *argv[])
{
    devnull = open("/dev/null", O_WRONLY);
    signal(SIGUSR1, handle);
    for (int i = 1; i < argc; i++) {
        char *text = strchr(argv[i], '=');

        if (text == NULL)
            errx(97, "not STEP=NUMBER: %s", argv[i]);
        *text = '\0';
        step(argv[i], text + 1);
    }
    _exit(0);
}
