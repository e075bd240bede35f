/*
 * unit_jobs.c - Criterion tests of drill `jobs`
 *
 * Programs are shells that write what they see into files of /tmp.
 *
 * see also: labs/processes/jobs.h (the contract), given.h
 */
#include "given.h"

#include "jobs.h"

#define pipeline(...) TESTED(pipeline(__VA_ARGS__))
#define new_session(...) TESTED(new_session(__VA_ARGS__))

enum { STAGES = 4, TICK_US = 1000 };

TestSuite(jobs, .timeout = TEST_SECONDS);

typedef char *const *const argv_t;

#define SH(script) ((char *[]){"sh", "-c", (script), NULL})

static char text[4096];

static const char *file(const char *path)
{
    return content(path, text, sizeof(text));
}

/* pipeline hands bytes from one program to the next, runs all at the same time,
 * and returns the status of the last one, whatever signals come. */
Test(jobs, pipeline)
{
    unsigned code = rnd(1, 120);
    char first[60], last[60];
    int result;

    snprintf(first, sizeof(first), "echo abc%u", code);
    snprintf(last, sizeof(last), "cat >/tmp/out; exit %u", code);
    result = pipeline((argv_t[]){SH(first), SH("tr a-c x-z"), SH(last)}, 3);
    CHECK(result == (int)code, "%u, as the last one", "%d (%s)", code, result,
          error_name(errno));
    snprintf(first, sizeof(first), "xyz%u\n", code);
    CHECK(strcmp(file("/tmp/out"), first) == 0, "abc turned to %s", "%s", first,
          text);
    result = pipeline((argv_t[]){SH("exit 3")}, 1);
    CHECK(result == 3, "3 for a single program", "%d", result);
    result = pipeline((argv_t[]){SH("exit 4"), SH("kill -9 $$")}, 2);
    CHECK(result == 128 + SIGKILL, "%d when SIGKILL ends the last", "%d",
          128 + SIGKILL, result);
    result = pipeline(
        (argv_t[]){SH("exit 4"), (char *[]){"/tmp/no-such-program", NULL}}, 2);
    CHECK(result == 127, "127 when the last cannot be executed", "%d", result);
    result = pipeline((argv_t[]){SH("while echo y; do :; done 2>/dev/null"),
                                 SH("head -c 9 >/tmp/out")},
                      2);
    CHECK(result == 0, "0: who writes without end learns that nobody reads",
          "%d", result);
    result = pipeline((argv_t[]){SH("head -c 300000 /dev/zero"), SH("cat"),
                                 SH("wc -c >/tmp/out")},
                      3);
    CHECK(result == 0 && atoi(file("/tmp/out")) == 300000,
          "300000 bytes come through", "%d (status %d)", atoi(text), result);
    alarm_every(TICK_US, nothing, 0);
    result = pipeline((argv_t[]){SH("exit 1"), SH("sleep 0.02; exit 6")}, 2);
    alarm_off();
    CHECK(result == 6, "6, while signals interrupt every wait", "%d", result);
    CHECK(!has_child(), "no child is left", "a child, or a zombie");
}

/* All programs of a pipeline are in one group of their own, led by the first. */
Test(jobs, group)
{
    char *stage[] = {"sh", "-c",
                     "read -r a b c d g rest </proc/self/stat;"
                     "echo $$ $g >>/tmp/groups; cat",
                     NULL};
    int pid[STAGES], group[STAGES], leaders = 0, same = 0, n = 0, result;
    FILE *list;

    NEED(freopen("/dev/null", "r", stdin) != NULL, "/dev/null");
    result = pipeline((argv_t[]){stage, stage, stage, SH("cat >/dev/null")}, 4);
    CHECK(result == 0, "0", "%d (%s)", result, error_name(errno));
    list = fopen("/tmp/groups", "re");
    while (list != NULL && n < STAGES &&
           fscanf(list, "%d %d", &pid[n], &group[n]) == 2)
        n++;
    for (int i = 0; i < n; i++) {
        same += group[i] == group[0];
        leaders += pid[i] == group[i];
    }
    CHECK(n == 3 && same == 3, "three programs in one group", "%d of %d", same,
          n);
    CHECK(leaders == 1 && group[0] != getpgrp(),
          "a group of their own, led by one of them", "group %d, of the caller",
          group[0]);
}

/* Programs of a pipeline find no descriptor that the caller did not have, the
 * caller keeps none, and where not all can be started none is left. */
Test(jobs, closed)
{
    static char *count[] = {"sh", "-c",
                            "ls /proc/self/fd | wc -l >>/tmp/fds; cat", NULL};
    int fds = open_fds(), own, most = 0, least = 1000, n = 0, each, result;
    int error;
    pid_t pid = fork();
    FILE *list;

    if (pid == 0)
        execl("/bin/sh", "sh", "-c", "ls /proc/self/fd | wc -l >/tmp/own",
              NULL);
    NEED(pid != -1 && status_of(pid) == 0, "a shell");
    own = atoi(file("/tmp/own"));
    NEED(freopen("/dev/null", "r", stdin) != NULL, "/dev/null");
    result = pipeline((argv_t[]){count, count, count, SH("cat >/dev/null")}, 4);
    CHECK(result == 0, "0", "%d (%s)", result, error_name(errno));
    list = fopen("/tmp/fds", "re");
    while (list != NULL && fscanf(list, "%d", &each) == 1) {
        n++;
        most = each > most ? each : most;
        least = each < least ? each : least;
    }
    if (list != NULL)
        fclose(list);
    CHECK(n == 3 && most == own && least == own,
          "%d descriptors in each of three programs", "%d to %d", own, least,
          most);
    CHECK(open_fds() == fds, "%d descriptors in the caller, as before", "%d",
          fds, open_fds());
    refuse_forks(EAGAIN);
    result = pipeline((argv_t[]){SH("exit 0"), SH("exit 0")}, 2);
    error = errno;
    CHECK(result == -1 && error == EAGAIN, "-1 (EAGAIN) where fork fails",
          "%d (%s)", result, error_name(error));
    CHECK(open_fds() == fds && !has_child(),
          "%d descriptors, no child after that", "%d descriptors", fds,
          open_fds());
}

static int gate[2];

/* Waits until the test has looked; then what it sees of itself. */
static int body(void *data)
{
    char byte;
    int tty;

    if (read(gate[0], &byte, 1) != 1)
        return 1;
    tty = open("/dev/tty", O_RDWR | O_CLOEXEC);
    if (getsid(0) != getpid() || getpgrp() != getpid() || tty != -1)
        return 2;
    return *(int *)data;
}

/* new_session runs a function in a child that leads a session of its own, and
 * returns when it does. */
Test(jobs, session)
{
    int code = (int)rnd(3, 200), fds, status;
    pid_t pid;

    NEED(pipe2(gate, O_CLOEXEC) == 0, "a pipe");
    fds = open_fds();
    pid = new_session(body, &code);
    CHECK(pid > 0, "a pid", "%d (%s)", pid, error_name(errno));
    CHECK(getsid(pid) == pid, "session %d, at once", "session %d", pid,
          getsid(pid));
    CHECK(waitpid(pid, &status, WNOHANG) == 0, "a child that still runs",
          "it has ended");
    CHECK(open_fds() == fds, "%d descriptors, as before", "%d", fds,
          open_fds());
    CHECK(write(gate[1], "x", 1) == 1 && (status = status_of(pid)) == code,
          "exit status %d: leader of group and session, no terminal", "%d",
          code, status);
    refuse_forks(EAGAIN);
    pid = new_session(body, &code);
    CHECK(pid == -1 && errno == EAGAIN, "-1 (EAGAIN) where fork fails",
          "%d (%s)", pid, error_name(errno));
}

/* What these tests need of a machine. No code under test is called. */
Test(jobs, machine)
{
    pid_t pid = fork();

    if (pid == 0)
        execl("/bin/sh", "sh", "-c", "ls /proc/self/fd | tr a b | wc -l", NULL);
    NEED(pid != -1 && status_of(pid) == 0, "a shell");
    refuse_forks(EAGAIN);
}
