/* Processes, signals, and a thread that executes a program. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
static void on(int s)
{
    (void)s;
    write(1, "handler\n", 8);
}
static void *sleeper(void *a)
{
    (void)a;
    for (;;)
        pause();
    return 0;
}
static void *execer(void *a)
{
    (void)a;
    execl("/bin/true", "true", "a b", "c\"d", "", (char *)0);
    return 0;
}
extern char **environ;
int main(int argc, char **argv)
{
    (void)argc;
    struct sigaction sa = {.sa_handler = on, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &sa, 0);
    sa.sa_flags = 0;
    sigemptyset(&sa.sa_mask);
    sigaddset(&sa.sa_mask, SIGINT);
    sigaction(SIGCHLD, &sa, 0);
    sigaction(SIGALRM, &sa, 0);
    pid_t p = fork();
    if (!p) {
        setpgid(0, 0);
        setsid();
        _exit(3);
    }
    setpgid(p, p);
    int st;
    while (waitpid(p, &st, 0) < 0 && errno == EINTR)
        ;
    p = fork();
    if (!p) {
        raise(SIGSTOP);
        raise(SIGKILL);
    }
    siginfo_t si;
    waitid(P_PID, p, &si, WSTOPPED | WEXITED);
    kill(p, SIGCONT);
    while (waitpid(p, &st, WUNTRACED) < 0 && errno == EINTR)
        ;
    p = fork();
    if (!p) {
        struct rlimit r = {0, 0};
        setrlimit(RLIMIT_CORE, &r);
        abort();
    }
    while (waitid(P_ALL, 0, &si, WEXITED) < 0 && errno == EINTR)
        ;
    p = vfork();
    if (!p) {
        execl("/nonexistent/prog", "x", (char *)0);
        _exit(127);
    }
    waitpid(p, &st, 0);
    char *av[] = {"/bin/true", 0};
    posix_spawn(&p, "/bin/true", 0, 0, av, environ);
    waitpid(p, &st, 0);
    struct clone_args ca = {.exit_signal = SIGCHLD};
    p = syscall(SYS_clone3, &ca, sizeof ca);
    if (!p)
        _exit(0);
    waitpid(p, &st, 0);
    waitpid(-1, &st, WNOHANG);
    int pp[2];
    pipe(pp);
    p = fork();
    if (!p) {
        usleep(20000);
        kill(getppid(), SIGUSR1);
        usleep(20000);
        write(pp[1], "x", 1);
        _exit(0);
    }
    char c;
    read(pp[0], &c, 1);
    waitpid(p, &st, 0);
    ualarm(20000, 0);
    read(pp[0], &c, 1);
    ualarm(20000, 0);
    pause();
    struct timespec ts = {0, 30000000};
    ualarm(10000, 0);
    nanosleep(&ts, &ts);
    sigset_t s;
    sigemptyset(&s);
    sigaddset(&s, SIGUSR2);
    sigprocmask(SIG_BLOCK, &s, 0);
    raise(SIGUSR2);
    int sig;
    sigwait(&s, &sig);
    sigfillset(&s);
    sigdelset(&s, SIGALRM);
    ualarm(5000, 0);
    sigsuspend(&s);
    struct sched_param sp = {0};
    sched_getparam(0, &sp);
    sched_getscheduler(0);
    sp.sched_priority = 5;
    sched_setscheduler(0, SCHED_RR, &sp);
    getpriority(PRIO_PROCESS, 0);
    setpriority(PRIO_PROCESS, 0, 5);
    cpu_set_t cs;
    sched_getaffinity(0, sizeof cs, &cs);
    sched_yield();
    prctl(PR_SET_NAME, "evil ) = 0");
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    getpgid(0);
    getsid(0);
    getpgrp();
    tgkill(getpid(), gettid(), 0);
    umask(027);
    umask(022);
    pthread_t t;
    pthread_create(&t, 0, sleeper, 0);
    usleep(1000);
    p = fork();
    if (!p) {
        pthread_create(&t, 0, execer, 0);
        pause();
    }
    waitpid(p, &st, 0);
    p = fork();
    if (!p) {
        pthread_create(&t, 0, sleeper, 0);
        usleep(10000);
        exit(5);
    }
    waitpid(p, &st, 0);
    if (argv[1] && !strcmp(argv[1], "hang")) {
        pthread_create(&t, 0, sleeper, 0);
        for (;;)
            pause();
    }
    int *x = 0;
    if (fork()) {
        wait(&st);
        usleep(1000);
        kill(getpid(), SIGTERM);
    } else
        *(volatile int *)x = 1;
    return 0;
}
