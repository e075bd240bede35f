/*
 * given.h - what the drill tests of this lab share: failing calls, children
 *
 * see also: grader/checks/unit.h, seccomp(2), wait(2)
 */
#ifndef GIVEN_H
#define GIVEN_H

#include "unit.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* From now on system call nr fails with error; error 0: it succeeds without
 * doing anything. */
static inline void refuse(int nr, int error)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)nr, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};

    NEED(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "no_new_privs");
    NEED(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0,
         "a seccomp filter");
}

/* A process can be made by any of these. */
static inline void refuse_forks(int error)
{
    refuse(SYS_clone3, ENOSYS); /* libc falls back to clone then */
    refuse(SYS_clone, error);
#ifdef SYS_fork
    refuse(SYS_fork, error);
    refuse(SYS_vfork, error);
#endif
}

/* Whether this process has a child, ended or not. */
static inline bool has_child(void)
{
    siginfo_t info;

    return waitid(P_ALL, 0, &info, WEXITED | WNOWAIT | WNOHANG) == 0;
}

/* The exit status of a child, 128+N after signal N, -1 if it is none of ours. */
static inline int status_of(pid_t pid)
{
    int status;
    pid_t ended;

    do
        ended = waitpid(pid, &status, 0);
    while (ended == -1 && errno == EINTR);
    if (ended != pid)
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* A file of up to size bytes as a string; "" if there is none. */
static inline char *content(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd == -1 ? 0 : read(fd, text, size - 1);

    text[n < 0 ? 0 : n] = '\0';
    if (fd != -1)
        close(fd);
    return text;
}

/* Waits until condition holds, for two seconds at most. */
#define AWAIT(condition)                                     \
    ({                                                       \
        int64_t end_ = now_us() + 2000000;                   \
        while (!(condition) && now_us() < end_)              \
            nanosleep(&(struct timespec){0, 1000000}, NULL); \
        (condition);                                         \
    })

static inline void nothing(int sig)
{
    (void)sig;
}

#endif
