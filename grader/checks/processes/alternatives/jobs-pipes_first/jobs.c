/* jobs.c, built differently: all pipes are made first; each child closes what
 * is not its own; the parent waits with waitid(2) for the whole group. */
#define _GNU_SOURCE
#include "jobs.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void close_all(int fds[], int count)
{
    for (int i = 0; i < count; i++)
        close(fds[i]);
}

static _Noreturn void be(char *const argv[], int fds[], int i, int n)
{
    if (i > 0)
        dup2(fds[2 * (i - 1)], STDIN_FILENO);
    if (i < n - 1)
        dup2(fds[2 * i + 1], STDOUT_FILENO);
    close_all(fds, 2 * (n - 1));
    execvp(argv[0], argv);
    _exit(127);
}

static int wait_group(pid_t group, pid_t last)
{
    siginfo_t info;
    int result = 0;

    while (waitid(P_PGID, (id_t)group, &info, WEXITED) == 0 || errno == EINTR) {
        if (info.si_pid != last)
            continue;
        result =
            info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
    }
    return result;
}

static int launch(char *const *const argvs[], int n, int fds[])
{
    pid_t group = 0, pid = 0;
    int error = 0, result;

    for (int i = 0; i < n && error == 0; i++) {
        pid = fork();
        if (pid == 0) {
            setpgid(0, group);
            be(argvs[i], fds, i, n);
        }
        error = pid == -1 ? errno : 0;
        group = group == 0 && pid > 0 ? pid : group;
        if (pid > 0)
            setpgid(pid, group);
    }
    close_all(fds, 2 * (n - 1));
    if (error != 0 && group > 0)
        killpg(group, SIGKILL);
    result = group > 0 ? wait_group(group, pid) : 0;
    errno = error;
    return error == 0 ? result : -1;
}

int pipeline(char *const *const argvs[], int n)
{
    int *fds = malloc(sizeof(int) * 2 * (size_t)n), made = 0, result = -1;

    while (fds != NULL && made < n - 1 &&
           pipe2(fds + (ptrdiff_t)2 * made, O_CLOEXEC) == 0)
        made++;
    if (fds != NULL && made == n - 1)
        result = launch(argvs, n, fds);
    else if (fds != NULL)
        close_all(fds, 2 * made);
    free(fds);
    return result;
}

/* The parent asks until the child is its own session, with the child stopped
 * meanwhile: it stops itself when it is. */
pid_t new_session(int (*body)(void *), void *data)
{
    siginfo_t info;
    pid_t pid = fork();

    if (pid == 0) {
        setsid();
        raise(SIGSTOP);
        _exit(body(data));
    }
    if (pid == -1)
        return -1;
    while (waitid(P_PID, (id_t)pid, &info, WSTOPPED) == -1 && errno == EINTR)
        ;
    kill(pid, SIGCONT);
    return pid;
}
