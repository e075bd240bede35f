/*
 * unit_spawn.c - Criterion tests of drill `spawn`
 *
 * The comment before a test is the sentence that the student reads.
 *
 * see also: labs/processes/spawning.h (the contract), given.h
 */
#include "given.h"

#include "spawning.h"

#define spawn(...) TESTED(spawn(__VA_ARGS__))
#define run(...) TESTED(run(__VA_ARGS__))

enum { TICK_US = 1000, ROUNDS = 4, FOLDERS = 100 };

TestSuite(spawn, .timeout = TEST_SECONDS);

#define SH(script) ((char *[]){"sh", "-c", (script), NULL})

#define COUNT "ls /proc/self/fd | wc -l >/tmp/fds"

/* A shell that the test starts itself. Returns its status. */
static int own_child(const char *script)
{
    pid_t pid = fork();

    if (pid == 0)
        execl("/bin/sh", "sh", "-c", script, NULL);
    return status_of(pid);
}

/* What COUNT has counted. */
static int count_of(int status)
{
    char text[16];

    NEED(status == 0, "a shell");
    return atoi(content("/tmp/fds", text, sizeof(text)));
}

/* A file that is no program, and may not be executed. */
static const char *plain_file(void)
{
    static char path[] = "/tmp/plain-XXXXXX";
    int fd = mkstemp(path);

    NEED(fd != -1 && close(fd) == 0, "a file");
    return path;
}

/* spawn executes a program in a child of the caller, found by PATH, with its
 * arguments and open files and nothing more, and does not wait for its end. */
Test(spawn, child)
{
    char script[200], text[100];
    int fds = open_fds(), inherited, result, status, gate[2];
    unsigned code = rnd(1, 100);
    pid_t pid = -1;

    NEED(pipe(gate) == 0, "a pipe");
    snprintf(script, sizeof(script),
             "echo $PPID $$ $1 >/tmp/said; read x <&%d; exit %u", gate[0],
             code);
    result = spawn(((char *[]){"sh", "-c", script, "sh", "a b", NULL}), &pid);
    CHECK(result == 0, "0", "%d (%s)", result, error_name(errno));
    CHECK(waitpid(pid, &status, WNOHANG) == 0,
          "a child that runs when spawn returns", "%d is none, or has ended",
          pid);
    CHECK(write(gate[1], "\n", 1) == 1 && status_of(pid) == (int)code,
          "exit status %u of this child", "another one", code);
    snprintf(script, sizeof(script), "%d %d a b\n", getpid(), pid);
    CHECK(strcmp(content("/tmp/said", text, sizeof(text)), script) == 0,
          "its parent, itself and its argument: %s", "%s", script, text);
    close(gate[0]);
    close(gate[1]);
    CHECK(open_fds() == fds, "%d descriptors, as before", "%d", fds,
          open_fds());

    inherited = count_of(own_child(COUNT));
    result = spawn(SH(COUNT), &pid);
    CHECK(result == 0 && status_of(pid) == 0, "0, and a child with status 0",
          "%d (%s)", result, error_name(errno));
    CHECK(count_of(0) == inherited, "the child has %d descriptors", "it has %d",
          inherited, count_of(0));
}

/* The caller is told why a program could not be executed, or no child be made;
 * no zombie is left. */
Test(spawn, errors)
{
    pid_t pid = -1;
    int result, error;
    char *missing[] = {"/tmp/there-is-no-such-program", NULL};
    char *folder[] = {"/tmp", NULL};
    char *plain[] = {(char *)plain_file(), NULL};

    result = spawn(missing, &pid);
    error = errno;
    CHECK(result == -1 && error == ENOENT, "-1 (ENOENT) for a missing program",
          "%d (%s)", result, error_name(error));
    result = spawn(folder, &pid);
    error = errno;
    CHECK(result == -1 && error == EACCES, "-1 (EACCES) for a folder",
          "%d (%s)", result, error_name(error));
    result = spawn(plain, &pid);
    error = errno;
    CHECK(result == -1 && error == EACCES,
          "-1 (EACCES) for a file that may not be executed", "%d (%s)", result,
          error_name(error));
    CHECK(!has_child(), "no child is left", "a child, or a zombie");
    result = run(missing);
    error = errno;
    CHECK(result == -1 && error == ENOENT, "-1 (ENOENT) of run", "%d (%s)",
          result, error_name(error));
    refuse_forks(EAGAIN);
    result = spawn(SH("exit 0"), &pid);
    error = errno;
    CHECK(result == -1 && error == EAGAIN,
          "-1 (EAGAIN) where fork fails with that", "%d (%s)", result,
          error_name(error));
}

/* A PATH in which execvp has to look for long: time for a signal to come. */
static const char *long_path(void)
{
    static char path[FOLDERS * 3 + sizeof("/usr/bin:/bin")];

    for (int i = 0; i < FOLDERS; i++)
        strcat(path, "/-:");
    return strcat(path, "/usr/bin:/bin");
}

/* run returns exit status or 128+N, whatever signals come meanwhile, and takes
 * no other child away. */
Test(spawn, status)
{
    unsigned code = rnd(2, 255);
    char script[40];
    int result, wrong = 0, error = 0;
    pid_t other = fork();

    if (other == 0)
        _exit(77);
    NEED(other != -1, "a process");
    snprintf(script, sizeof(script), "exit %u", code);
    result = run(SH(script));
    CHECK(result == (int)code, "%u", "%d", code, result);
    result = run(SH("kill -TERM $$"));
    CHECK(result == 128 + SIGTERM, "%d after SIGTERM", "%d", 128 + SIGTERM,
          result);
    result = run(SH("kill -9 $$"));
    CHECK(result == 128 + SIGKILL, "%d after SIGKILL", "%d", 128 + SIGKILL,
          result);
    CHECK(status_of(other) == 77, "the other child is still to be waited for",
          "it is gone");
    setenv("PATH", long_path(), 1);
    alarm_every(TICK_US, nothing, 0);
    for (int i = 0; i < ROUNDS && wrong == 0; i++) {
        result = run(SH("sleep 0.02; exit 5"));
        error = errno;
        wrong += result != 5;
    }
    alarm_off();
    CHECK(wrong == 0, "5, while signals interrupt every call", "%d (%s)",
          result, error_name(error));
    CHECK(!has_child(), "no child is left", "a child, or a zombie");
}

/* What these tests need of a machine. No code under test is called. */
Test(spawn, machine)
{
    int gate[2];

    count_of(own_child(COUNT));
    NEED(pipe(gate) == 0, "a pipe");
    plain_file();
    refuse_forks(EAGAIN);
}
