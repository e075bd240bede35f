/*
 * unit.h - what the Criterion tests of all drills share
 *
 * A test says with CHECK what it expects and what it observed, with NEED what
 * the machine must give it, and with TESTED which calls are those of the code
 * under test. Every CHECK of a test that passes is executed the same number of
 * times in every run, so that a report can be counted.
 *
 * Of Criterion itself use Test and TestSuite only: in gdb, tests run without it
 * (labs/common/gdb).
 *
 * A report that comes out of a process with student code in it proves nothing.
 * So CHECK and TESTED also leave marks in the trace, which is written outside.
 *
 * see also: sched_get_priority_max(2), setitimer(2), random(3); lab.toml
 */
#ifndef UNIT_H
#define UNIT_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* strerrorname_np, pipe2 */
#endif
#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

/* A test that takes longer hangs. The runner gives more on a slow machine. */
#ifndef TEST_SECONDS
#define TEST_SECONDS 3.0
#endif

/* Marks: what they say is in the upper byte, the line in the others. The values
 * are known to grader/marks.py. */
enum { MARK_PASSED = 1 << 24, MARK_ENTER = 2 << 24, MARK_LEAVE = 3 << 24 };

/* A mark is a system call that does nothing (no such policy) and that nobody
 * makes otherwise. It is made right here, not in libc: the trace shows the
 * address, and so whether a test made it. errno stays as it is. */
static inline void mark(int what)
{
#if defined(__x86_64__)
    long number = SYS_sched_get_priority_max;

    __asm__ volatile("syscall"
                     : "+a"(number)
                     : "D"((long)what)
                     : "rcx", "r11", "memory");
#elif defined(__aarch64__)
    register long number __asm__("x8") = SYS_sched_get_priority_max;
    register long argument __asm__("x0") = what;

    __asm__ volatile("svc 0" : "+r"(argument) : "r"(number) : "memory");
#else
#error "marks: x86-64 and arm64 only"
#endif
}

/* CHECK(n == 4, "%d bytes", "%zd bytes", 4, n): one counted assertion. Both
 * texts are formats, the arguments of the first come first. */
#define CHECK(condition, expected, ...)                              \
    do {                                                             \
        cr_assert(condition,                                         \
                  "expected: " expected "\nobserved: " __VA_ARGS__); \
        mark(MARK_PASSED | __LINE__);                                \
    } while (0)

/* Around each call of the code under test, so that the trace tells its system
 * calls from those of the test:
 *     #define read_full(...) TESTED(read_full(__VA_ARGS__))
 * TESTED_VOID for a function that returns nothing. */
#define TESTED(call)                  \
    ({                                \
        mark(MARK_ENTER | __LINE__);  \
        __auto_type tested_ = (call); \
        mark(MARK_LEAVE | __LINE__);  \
        tested_;                      \
    })
#define TESTED_VOID(call) \
    (mark(MARK_ENTER | __LINE__), (call), mark(MARK_LEAVE | __LINE__))

/* NEED(fd != -1, "a socket"): a failure here is the machine's or the grader's;
 * the runner turns "machine: ..." into inconclusive, unless the code under test
 * has run before and the test `machine`, which calls none of it, gets what it
 * needs. */
#define NEED(condition, what)                                         \
    do {                                                              \
        if (!(condition))                                             \
            cr_skip_test("machine: " what ": %s", error_name(errno)); \
    } while (0)

/* "ECONNREFUSED" for a number that has a name; "0" if errno was not set. */
static inline const char *error_name(int error)
{
    const char *name = error == 0 ? "0" : strerrorname_np(error);

    return name == NULL ? "an unknown errno" : name;
}

/* A pseudo-random number from low to high, the same in every run with the
 * same SYSLABS_SEED. (xorshift64*) */
static inline unsigned rnd(unsigned low, unsigned high)
{
    static uint64_t state;
    const char *seed = getenv("SYSLABS_SEED");

    if (state == 0)
        state = 0x9e3779b97f4a7c15u ^ (seed ? strtoull(seed, NULL, 10) : 1);
    if (state == 0)
        state = 1;
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return low +
           (unsigned)((state * 0x2545f4914f6cdd1du >> 33) % (high - low + 1));
}

static inline void fill(void *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ((unsigned char *)bytes)[i] = (unsigned char)rnd(0, 255);
}

/* The number of bytes before the first difference; n if there is none. */
static inline size_t same(const void *a, const void *b, size_t n)
{
    const unsigned char *x = a, *y = b;
    size_t i = 0;

    while (i < n && x[i] == y[i])
        i++;
    return i;
}

/* How many descriptors this process has open. */
static inline int open_fds(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int n = -3; /* ".", ".." and that of opendir itself */

    NEED(dir != NULL, "/proc/self/fd");
    while (readdir(dir) != NULL)
        n++;
    closedir(dir);
    return n;
}

static inline int64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* Runs handler every us microseconds from now on; flags as in sigaction(2).
 * Without SA_RESTART every waiting call ends with EINTR. Criterion's own calls
 * would too: alarm_off comes before the next CHECK. */
static inline void alarm_every(int us, void (*handler)(int), int flags)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    struct itimerval every = {{0, us}, {0, us}};

    NEED(sigaction(SIGALRM, &action, NULL) == 0, "sigaction");
    NEED(setitimer(ITIMER_REAL, &every, NULL) == 0, "setitimer");
}

static inline void alarm_off(void)
{
    struct itimerval off = {{0, 0}, {0, 0}};

    setitimer(ITIMER_REAL, &off, NULL);
}

#endif
