/*
 * gate: the door through which a program enters a sandbox.
 *
 *   gate [-r FD] [-f FD] [-l RES:SOFT:HARD]... [-d DIR] [-c CAP]... [-g GID]...
 *        [-A] HOLDER PROG...
 *   gate -H
 *
 * HOLDER is the process id of the sandbox's first process; gate enters all of
 * its namespaces with one setns(2) on a pidfd, starts a child there, takes
 * every privilege from it and lets it execute PROG.  HOLDER 0 means: no
 * namespaces, stay here.  A tracer outside traces `gate HOLDER PROG` and is
 * neither seen nor reached by PROG.
 *
 *   -r FD   report there: "pid N" once PROG is executed (or "exec ERRNO" if
 *           it cannot be), then "exit STATUS UTIME_US STIME_US MAXRSS_KIB";
 *           no pid is reported if gate itself fails
 *   -f FD   load the seccomp filter (struct sock_filter[]) that FD holds
 *   -l ...  setrlimit(2) by number; a hard limit never rises
 *   -d DIR  working directory of PROG
 *   -c CAP  keep the capability of that number; it holds in the sandbox's user
 *           namespace only
 *   -g GID  give PROG this supplementary group, as the sandbox numbers it
 *   -A      no address space randomisation (sanitizers need that)
 *   -H      hold: be the first process of a sandbox until stdin ends
 *
 * gate exits as PROG does (128 + N after signal N), or 125 if it fails.
 *
 * See also: setns(2), pidfd_open(2), seccomp(2), capabilities(7).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FAILED = 125, MAX_LIMITS = 16, MAX_FILTER = 4096, MAX_GROUPS = 8 };

struct limit {
    int resource;
    struct rlimit value;
};

struct options {
    int report_fd;
    int filter_fd;
    const char *dir;
    int fixed_addresses;
    struct limit limits[MAX_LIMITS];
    int limit_count;
    unsigned long long kept; /* capabilities, a bit each */
    gid_t groups[MAX_GROUPS];
    size_t group_count;
};

/* In the child, until it executes PROG: where its parent learns what failed. */
static int exec_fd = -1;

static void die(const char *what)
{
    int error = -errno;

    fprintf(stderr, "gate: %s: %s\n", what, strerror(errno));
    if (exec_fd != -1 && write(exec_fd, &error, sizeof(error)) == -1)
        perror("gate: write");
    _exit(FAILED);
}

/* The first process of a PID namespace inherits every orphan; with SIGCHLD
 * ignored the kernel reaps them.  When the grader ends, stdin ends, and with
 * the first process the kernel kills all others. */
static int hold(void)
{
    char byte;

    signal(SIGCHLD, SIG_IGN);
    while (read(STDIN_FILENO, &byte, 1) > 0 || errno == EINTR)
        errno = 0;
    return 0;
}

static void add_limit(struct options *opt, const char *text)
{
    struct limit *limit = &opt->limits[opt->limit_count];
    unsigned long soft, hard;

    errno = EINVAL;
    if (opt->limit_count == MAX_LIMITS ||
        sscanf(text, "%d:%lu:%lu", &limit->resource, &soft, &hard) != 3)
        die(text);
    limit->value.rlim_cur = soft;
    limit->value.rlim_max = hard;
    opt->limit_count++;
}

static void enter(pid_t holder)
{
    const int spaces = CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWIPC |
                       CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWUTS |
                       CLONE_NEWCGROUP;
    int pidfd = (int)syscall(SYS_pidfd_open, holder, 0);

    if (pidfd == -1)
        die("pidfd_open");
    if (setns(pidfd, spaces) == -1)
        die("setns");
    close(pidfd);
}

static void apply_limits(const struct options *opt)
{
    for (int i = 0; i < opt->limit_count; i++) {
        struct rlimit now, want = opt->limits[i].value;

        if (getrlimit(opt->limits[i].resource, &now) == -1)
            die("getrlimit");
        if (want.rlim_max > now.rlim_max)
            want.rlim_max = now.rlim_max;
        if (want.rlim_cur > want.rlim_max)
            want.rlim_cur = want.rlim_max;
        if (setrlimit(opt->limits[i].resource, &want) == -1)
            die("setrlimit");
    }
}

static void add_group(struct options *opt, const char *text)
{
    errno = EINVAL;
    if (opt->group_count == MAX_GROUPS)
        die(text);
    opt->groups[opt->group_count++] = (gid_t)atoi(text);
}

static void drop_privileges(const struct options *opt)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct left[2] = {{0}};

    if (opt->group_count > 0 && setgroups(opt->group_count, opt->groups) == -1)
        die("setgroups");
    for (int cap = 0; cap < 64; cap++)
        if (!(opt->kept >> cap & 1))
            prctl(PR_CAPBSET_DROP, cap, 0, 0, 0); /* fails where none is left */
    for (int half = 0; half < 2; half++)
        left[half].effective = left[half].permitted =
            (unsigned)(opt->kept >> 32 * half);
    if (syscall(SYS_capset, &header, left) == -1)
        die("capset");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
        die("no_new_privs");
}

static void load_filter(int fd)
{
    static struct sock_filter code[MAX_FILTER];
    ssize_t size = pread(fd, code, sizeof(code), 0);
    struct sock_fprog program = {.filter = code};

    if (size <= 0)
        die("filter");
    program.len = (unsigned short)(size / (ssize_t)sizeof(code[0]));
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == -1)
        die("seccomp");
}

/* A tracer counts the calls of each process by itself.  Here the child makes
 * at least as many of each call as its parent does, all in vain, so that a
 * fault planned for the program's first one never strikes the parent. */
static void even_out(void)
{
    for (int i = 0; i < 3; i++) {
        syscall(SYS_write, -1, NULL, 0);
        syscall(SYS_close, -1);
    }
    syscall(SYS_read, -1, NULL, 0);
    syscall(SYS_pipe2, NULL, -1);
    syscall(SYS_wait4, -1, NULL, 0, NULL);
    syscall(SYS_clone, CLONE_THREAD, NULL, NULL, NULL, 0);
}

/* A grader that runs in the background of a script ignores SIGINT and SIGQUIT,
 * and ignored signals survive execve(2): the program shall find the usual. */
static void usual_signals(void)
{
    static const int ignored[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE};
    sigset_t none;

    for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
        signal(ignored[i], SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* exec_fd is closed by a successful execve(2), else it gets the errno; a
 * negative one if the program was not even tried. */
static void run_program(const struct options *opt, char **argv)
{
    int error;

    setsid();
    usual_signals();
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (opt->dir != NULL && chdir(opt->dir) == -1)
        die(opt->dir);
    if (opt->fixed_addresses)
        personality(ADDR_NO_RANDOMIZE);
    even_out();
    apply_limits(opt);
    drop_privileges(opt);
    if (opt->filter_fd != -1)
        load_filter(opt->filter_fd);
    close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
    execv(argv[0], argv);
    error = errno;
    if (write(exec_fd, &error, sizeof(error)) == -1)
        _exit(FAILED);
    _exit(error == ENOENT ? 127 : 126);
}

static void report_start(const struct options *opt, pid_t child, int from)
{
    int error = 0;

    while (read(from, &error, sizeof(error)) == -1)
        if (errno != EINTR)
            die("read");
    if (opt->report_fd == -1 || error < 0)
        return;
    if (error != 0)
        dprintf(opt->report_fd, "exec %d\n", error);
    dprintf(opt->report_fd, "pid %d\n", child);
}

static int wait_program(const struct options *opt, pid_t child)
{
    struct rusage used;
    int status;

    while (wait4(child, &status, 0, &used) == -1)
        if (errno != EINTR)
            die("wait4");
    if (opt->report_fd != -1)
        dprintf(opt->report_fd, "exit %d %lld %lld %ld\n", status,
                used.ru_utime.tv_sec * 1000000LL + used.ru_utime.tv_usec,
                used.ru_stime.tv_sec * 1000000LL + used.ru_stime.tv_usec,
                used.ru_maxrss);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
    struct options opt = {.report_fd = -1, .filter_fd = -1};
    pid_t holder, child;
    int letter, exec_pipe[2];

    while ((letter = getopt(argc, argv, "+r:f:l:d:c:g:AH")) != -1) {
        switch (letter) {
        case 'r':
            opt.report_fd = atoi(optarg);
            break;
        case 'f':
            opt.filter_fd = atoi(optarg);
            break;
        case 'l':
            add_limit(&opt, optarg);
            break;
        case 'd':
            opt.dir = optarg;
            break;
        case 'c':
            opt.kept |= 1ULL << (atoi(optarg) & 63);
            break;
        case 'g':
            add_group(&opt, optarg);
            break;
        case 'A':
            opt.fixed_addresses = 1;
            break;
        case 'H':
            return hold();
        default:
            return FAILED;
        }
    }
    if (argc - optind < 2) {
        fprintf(stderr, "usage: gate [options] HOLDER PROG [ARG...]\n");
        return FAILED;
    }
    holder = atoi(argv[optind]);
    if (holder > 0)
        enter(holder);
    if (pipe2(exec_pipe, O_CLOEXEC) == -1)
        die("pipe2");
    child = fork();
    if (child == -1)
        die("fork");
    if (child == 0) {
        exec_fd = exec_pipe[1];
        run_program(&opt, argv + optind + 1);
    }
    close(exec_pipe[1]);
    report_start(&opt, child, exec_pipe[0]);
    return wait_program(&opt, child);
}
