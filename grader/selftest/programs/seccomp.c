/*
 * seccomp: what a sandboxed program is refused.
 *
 *   seccomp NAME...
 *
 * Tries each named call and prints `NAME ERRNO`, or `NAME done` when the kernel
 * obeyed. See also: seccomp(2), syscalls(2).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define HIGH (1L << 32) /* the kernel looks at the low half of an int */

static long tried_clone(unsigned long flags)
{
    long child = syscall(SYS_clone, flags | SIGCHLD, 0L, 0L, 0L, 0L);
    if (child == 0)
        _exit(0);
    if (child > 0)
        waitpid((pid_t)child, NULL, __WALL);
    return child;
}

static void *nothing(void *unused)
{
    return unused;
}

static long tried_thread(void)
{
    pthread_t thread;
    errno = pthread_create(&thread, NULL, nothing, NULL);
    return errno == 0 ? pthread_join(thread, NULL) : -1;
}

static long tried_writev(void)
{
    char byte = 0;
    struct iovec all = {&byte, 1};
    return syscall(SYS_process_vm_writev, getppid(), &all, 1L, &all, 1L, 0L);
}

/* Who gets the notifications may let each call go on, unseen by a tracer whose
 * filter asks for less (seccomp_unotify(2)). */
static long tried_listener(void)
{
    struct sock_filter allow = {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW};
    struct sock_fprog program = {1, &allow};

    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                   SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

#ifdef __x86_64__
/* Kernels with 32-bit emulation take the calls of i386 by this door. */
static long tried_i386(void)
{
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(20L) : "memory");
    return result;
}
#endif

static long tried(const char *name)
{
#define CASE(text, call)         \
    if (strcmp(name, text) == 0) \
    return call
    CASE("io_uring", syscall(SYS_io_uring_setup, 8, NULL));
    CASE("clone3", syscall(SYS_clone3, NULL, 0L));
    CASE("clone", tried_clone(0));
    CASE("clone_untraced", tried_clone(CLONE_UNTRACED));
    CASE("clone_newuser", tried_clone(CLONE_NEWUSER));
    CASE("clone_newpid", tried_clone(CLONE_NEWPID));
    CASE("thread", tried_thread());
    CASE("unshare", unshare(CLONE_NEWUSER));
    CASE("setns", setns(0, 0));
    CASE("mount", syscall(SYS_mount, "a", "/tmp", "tmpfs", 0L, NULL));
    CASE("ptrace", ptrace(PTRACE_TRACEME, 0, NULL, NULL));
    CASE("vm_writev", tried_writev());
    CASE("listener", tried_listener());
    CASE("keyctl", syscall(SYS_keyctl, 0L, 0L, 0L, 0L, 0L));
    CASE("bpf", syscall(SYS_bpf, 0L, NULL, 0L));
    CASE("perf", syscall(SYS_perf_event_open, NULL, 0L, -1L, -1L, 0L));
    CASE("userfaultfd", syscall(SYS_userfaultfd, 0L));
    CASE("tcp", syscall(SYS_socket, AF_INET, SOCK_STREAM, 0));
    CASE("tcp6", syscall(SYS_socket, AF_INET6, SOCK_STREAM, 0));
    CASE("unix", syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0));
    CASE("raw", syscall(SYS_socket, AF_INET, SOCK_RAW, 1));
    CASE("vsock", syscall(SYS_socket, AF_VSOCK, SOCK_STREAM, 0));
    CASE("vsock_high", syscall(SYS_socket, AF_VSOCK | HIGH, SOCK_STREAM, 0L));
    CASE("packet", syscall(SYS_socket, AF_PACKET, SOCK_RAW, 0));
    CASE("alg", syscall(SYS_socket, AF_ALG, SOCK_SEQPACKET, 0));
    CASE("undumpable", syscall(SYS_prctl, PR_SET_DUMPABLE, 0L, 0L, 0L, 0L));
    CASE("undumpable_high",
         syscall(SYS_prctl, PR_SET_DUMPABLE | HIGH, 0L, 0L, 0L, 0L));
#ifdef __x86_64__
    CASE("x32", syscall(0x40000000L | SYS_getpid));
    CASE("i386", tried_i386());
#endif
    errno = EINVAL;
    return -1;
}

int main(int argc, char *argv[])
{
    for (int i = 1; i < argc; i++) {
        long result = tried(argv[i]);
        printf("%s %s\n", argv[i],
               result == -1 ? strerrorname_np(errno) : "done");
        fflush(stdout);
    }
    return 0;
}
