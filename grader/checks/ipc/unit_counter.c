#include "refuse.h"

#include "counter.h"

#define count_up(...) TESTED(count_up(__VA_ARGS__))
#define counter_total(...) TESTED(counter_total(__VA_ARGS__))

enum { THREADS = 8 };

TestSuite(counter, .timeout = TEST_SECONDS);

static struct counter counter;

static void begin(void)
{
    int error = TESTED(counter_init(&counter));

    CHECK(error == 0, "counter_init returns 0", "%d", error);
}

/* Eight threads add to one number, under a mutex and atomically, while the total
 * is asked for; none of what they add is lost. */
Test(counter, sum)
{
    long rounds = rnd(20000, 30000), total, sum = 0;
    add_function adds[] = {counter_add_locked, counter_add_atomic};
    int error;

    begin();
    for (int i = 0; i < 2; i++) {
        error = count_up(&counter, adds[i], THREADS, rounds);
        CHECK(error == 0, "count_up returns 0", "%s", error_name(error));
        sum += THREADS * rounds;
        total = counter_total(&counter);
        CHECK(total == sum, "a total of %ld", "%ld", sum, total);
    }
    CHECK(counter.locked == sum / 2 && counter.atomic == sum / 2,
          "%ld in each of the numbers", "%ld and %ld", sum / 2, counter.locked,
          (long)counter.atomic);
    error = count_up(&counter, counter_add_atomic, 0, 5);
    CHECK(error == 0, "0 threads are all right", "%s", error_name(error));
}

/* Adding when no other thread wants the number needs no system call. */
Test(counter, uncontended)
{
    begin();
    for (int i = 0; i < 100; i++) {
        TESTED_VOID(counter_add_locked(&counter, i));
        TESTED_VOID(counter_add_atomic(&counter, -i));
    }
    CHECK(counter.locked == 4950, "a sum of 4950", "%ld", counter.locked);
    CHECK(counter.atomic == -4950, "-4950", "%ld", (long)counter.atomic);
}

static _Atomic int calls;

static void count_call(struct counter *c, long n)
{
    (void)c, (void)n;
    atomic_fetch_add(&calls, 1);
}

/* Threads that cannot be started are told as an error, and waited for are only
 * those that could be. */
Test(counter, errors)
{
    int error, before;

    begin();
    NEED(refuse(SYS_clone, -1, EAGAIN) && refuse(SYS_clone3, -1, EAGAIN),
         "a filter of system calls");
    error = count_up(&counter, count_call, 4, 100);
    before = calls;
    CHECK(error == EAGAIN, "EAGAIN of pthread_create", "%s", error_name(error));
    CHECK(before == 0, "no thread has run", "%d calls", before);
}

/* What these tests need of a machine. No code under test is called. */
Test(counter, machine)
{
    NEED(refuse(SYS_clone, -1, EAGAIN), "a filter of system calls");
}
