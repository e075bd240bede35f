/*
 * unit_sched.c - Criterion tests of drill `sched`
 *
 * What the rights of a test do not allow is allowed by a filter, which lets the
 * system call succeed without doing anything.
 *
 * see also: labs/processes/scheduling.h (the contract), given.h
 */
#include "given.h"

#include "scheduling.h"

#include <sched.h>
#include <sys/resource.h>

#define read_schedule(...) TESTED(read_schedule(__VA_ARGS__))
#define apply_schedule(...) TESTED(apply_schedule(__VA_ARGS__))
#define use_round_robin(...) TESTED(use_round_robin(__VA_ARGS__))

enum { NICE = 19, RT_PRIORITY = 40, POLICY = 41 }; /* proc_pid_stat(5) */

TestSuite(sched, .timeout = TEST_SECONDS);

/* A field of /proc/PID/stat, counted from 1. */
static long field(pid_t pid, int number)
{
    char path[40], text[2000], *word;

    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    content(path, text, sizeof(text));
    word = strrchr(text, ')');
    NEED(word != NULL, "/proc/PID/stat");
    word = strtok(word + 2, " ");
    for (int i = 3; i < number && word != NULL; i++)
        word = strtok(NULL, " ");
    return word == NULL ? -1000 : strtol(word, NULL, 10);
}

static unsigned long own_cpus(void)
{
    unsigned long cpus = 0;
    cpu_set_t set;

    NEED(sched_getaffinity(0, sizeof(set), &set) == 0, "sched_getaffinity");
    for (int i = 0; i < 64; i++)
        if (CPU_ISSET(i, &set))
            cpus |= 1ul << i;
    return cpus;
}

/* A child that sleeps, and ends with the test. */
static pid_t sleeper(void)
{
    pid_t pid = fork();

    NEED(pid != -1, "a process");
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;)
            pause();
    }
    return pid;
}

/* Lets a process run wherever it may: the test itself is tied to a processor. */
static void untie(pid_t pid)
{
    cpu_set_t set;

    memset(&set, 0xff, sizeof(set));
    NEED(sched_setaffinity(pid, sizeof(set), &set) == 0, "sched_setaffinity");
}

/* A nice value above that of this process: it has no right to go down, and it
 * may have been started by nice(1). Not 10, which the raw system call tells
 * as 20 - 10. */
static int higher_nice(void)
{
    int own = getpriority(PRIO_PROCESS, 0), value;

    NEED(own < 19, "a nice value above its own");
    value = (int)rnd(own < 1 ? 2 : (unsigned)own + 1, 19);
    return value == 10 ? 11 : value;
}

static void end(pid_t pid)
{
    kill(pid, SIGKILL);
    status_of(pid);
}

/* read_schedule tells policy, priority, nice value and processors of the caller
 * and of another process. */
Test(sched, read)
{
    struct sched_param none = {0};
    int nice_value = higher_nice(), result, error;
    struct schedule s = {-9, -9, -99, 0};
    pid_t pid = sleeper();

    result = read_schedule(0, &s);
    CHECK(result == 0, "0", "%d (%s)", result, error_name(errno));
    CHECK(s.policy == field(getpid(), POLICY) &&
              s.priority == field(getpid(), RT_PRIORITY),
          "policy and priority of /proc/self/stat", "%d, %d", s.policy,
          s.priority);
    CHECK(s.nice == field(getpid(), NICE), "nice value %ld", "%d",
          field(getpid(), NICE), s.nice);
    CHECK(s.cpus == own_cpus(), "processors %#lx", "%#lx", own_cpus(), s.cpus);
    NEED(sched_setscheduler(pid, SCHED_BATCH, &none) == 0, "SCHED_BATCH");
    NEED(setpriority(PRIO_PROCESS, (id_t)pid, nice_value) == 0, "setpriority");
    result = read_schedule(pid, &s);
    CHECK(result == 0 && s.policy == SCHED_BATCH && s.nice == nice_value,
          "SCHED_BATCH (%d), nice %d of a child", "%d, %d (%s)", SCHED_BATCH,
          nice_value, s.policy, s.nice, error_name(errno));
    end(pid);
    result = read_schedule(pid, &s);
    error = errno;
    CHECK(result == -1 && error == ESRCH,
          "-1 (ESRCH) for a process that is gone", "%d (%s)", result,
          error_name(error));
    refuse(SYS_getpriority, EACCES);
    refuse(SYS_sched_getattr, EACCES);
    result = read_schedule(0, &s);
    error = errno;
    CHECK(result == -1 && error == EACCES,
          "-1 (EACCES) where getpriority fails with that", "%d (%s)", result,
          error_name(error));
}

/* apply_schedule changes processors, nice value and policy, as /proc/PID/stat
 * shows it, and tells errors. */
Test(sched, apply)
{
    struct schedule s = {SCHED_BATCH, 0, higher_nice(), 0};
    pid_t pid = sleeper();
    cpu_set_t set;
    int result, error;

    untie(pid);
    s.cpus = own_cpus();
    s.cpus &= -s.cpus; /* the lowest of them */
    result = apply_schedule(pid, &s);
    CHECK(result == 0, "0", "%d (%s)", result, error_name(errno));
    CHECK(field(pid, POLICY) == SCHED_BATCH, "policy %d in /proc/PID/stat",
          "%ld", SCHED_BATCH, field(pid, POLICY));
    CHECK(field(pid, NICE) == s.nice, "nice value %d there", "%ld", s.nice,
          field(pid, NICE));
    CHECK(sched_getaffinity(pid, sizeof(set), &set) == 0 &&
              CPU_COUNT(&set) == 1,
          "one processor", "%d", CPU_COUNT(&set));
    s.policy = SCHED_IDLE;
    result = apply_schedule(pid, &s);
    CHECK(result == 0 && field(pid, POLICY) == SCHED_IDLE, "policy %d", "%ld",
          SCHED_IDLE, field(pid, POLICY));
    CHECK(field(getpid(), NICE) < s.nice, "the caller stays as it is",
          "it was changed, too");
    s.policy = 77;
    result = apply_schedule(pid, &s);
    error = errno;
    CHECK(result == -1 && error == EINVAL, "-1 (EINVAL) for policy 77",
          "%d (%s)", result, error_name(error));
    s.policy = SCHED_BATCH;
    s.cpus = 0;
    result = apply_schedule(pid, &s);
    error = errno;
    CHECK(result == -1 && error == EINVAL, "-1 (EINVAL) for no processor",
          "%d (%s)", result, error_name(error));
    end(pid);
}

static bool tells(const char *why, const char *word)
{
    return strstr(why, word) != NULL;
}

/* use_round_robin explains what is missing when the right is, says nothing when
 * it succeeds, and stays within its buffer. */
Test(sched, round_robin)
{
    struct rlimit none = {0, 0};
    int priority = (int)rnd(20, 90), result, error;
    char why[300], small[9], number[20];

    NEED(setrlimit(RLIMIT_RTPRIO, &none) == 0, "setrlimit");
    memset(why, 'x', sizeof(why));
    result = use_round_robin(0, priority, why, sizeof(why));
    error = errno;
    why[sizeof(why) - 1] = '\0';
    CHECK(result == -1 && error == EPERM, "-1 (EPERM) without the right",
          "%d (%s)", result, error_name(error));
    snprintf(number, sizeof(number), "%d", priority);
    CHECK(tells(why, number) && tells(why, strerror(EPERM)),
          "an explanation with the priority, %s, and the error", "\"%s\"",
          number, why);
    CHECK(tells(why, "CAP_SYS_NICE") && tells(why, "RLIMIT_RTPRIO") &&
              (tells(why, " 0") || tells(why, "=0")),
          "the right and the limit that are missing; the limit is 0", "\"%s\"",
          why);
    memset(small, 'x', sizeof(small));
    result = use_round_robin(0, priority, small, sizeof(small) - 1);
    CHECK(small[8] == 'x' && memchr(small, '\0', 8) != NULL,
          "8 bytes at most, with the NUL", "more, or no NUL");
    result = use_round_robin(0, 100, why, sizeof(why));
    error = errno;
    CHECK(result == -1 && error == EINVAL, "-1 (EINVAL) for priority 100",
          "%d (%s)", result, error_name(error));
    CHECK(tells(why, "100") && tells(why, "99"),
          "an explanation with what is allowed: 1 to 99", "\"%s\"", why);
    refuse(SYS_sched_setscheduler, 0);
    refuse(SYS_sched_setattr, 0);
    memset(why, 'x', sizeof(why));
    result = use_round_robin(0, priority, why, sizeof(why));
    CHECK(result == 0 && why[0] == '\0', "0 and \"\" where it succeeds",
          "%d, \"%.20s\"", result, why);
}

/* What these tests need of a machine. No code under test is called. */
Test(sched, machine)
{
    struct rlimit none = {0, 0};
    struct sched_param param = {0};
    pid_t pid = sleeper();

    own_cpus();
    field(pid, POLICY);
    NEED(setrlimit(RLIMIT_RTPRIO, &none) == 0, "setrlimit");
    NEED(sched_setscheduler(pid, SCHED_BATCH, &param) == 0, "SCHED_BATCH");
    NEED(setpriority(PRIO_PROCESS, (id_t)pid, higher_nice()) == 0,
         "setpriority");
    end(pid);
    refuse(SYS_getpriority, EACCES);
}
