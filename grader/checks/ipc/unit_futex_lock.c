#include "threads.h"

#include "futex_lock.h"

enum { THREADS = 8, ROUNDS = 2000 };

TestSuite(futex_lock, .timeout = TEST_SECONDS);

static struct futex_lock lock;
static long number;

static void take(struct worker *w)
{
    futex_lock(&lock);
    w->result = 1;
    futex_unlock(&lock);
}

static void add(struct worker *w)
{
    for (int i = 0; i < ROUNDS; i++) {
        futex_lock(&lock);
        number++;
        futex_unlock(&lock);
    }
    w->result = 1;
}

/* A lock that nobody else wants is taken and given back without a system
 * call. */
Test(futex_lock, uncontended)
{
    int first, second;

    for (int i = 0; i < 100; i++) {
        TESTED_VOID(futex_lock(&lock));
        TESTED_VOID(futex_unlock(&lock));
    }
    first = TESTED(futex_trylock(&lock));
    second = TESTED(futex_trylock(&lock));
    CHECK(first == 1 && second == 0, "futex_trylock: 1, then 0", "%d, then %d",
          first, second);
    TESTED_VOID(futex_unlock(&lock));
    first = TESTED(futex_trylock(&lock));
    CHECK(first == 1, "1 once it is free", "%d", first);
    TESTED_VOID(futex_unlock(&lock));
}

/* Eight threads add to one number under the lock, and none of it is lost. */
Test(futex_lock, excludes)
{
    struct worker crowd[THREADS];
    int ended = 0;

    TESTED_VOID(futex_lock(&lock));
    for (int i = 0; i < THREADS; i++)
        worker_start(&crowd[i], add, NULL);
    for (int i = 0; i < THREADS; i++)
        worker_sleeps(&crowd[i]);
    CHECK(number == 0, "nobody is in while main has the lock", "%ld", number);
    TESTED_VOID(futex_unlock(&lock));
    for (int i = 0; i < THREADS; i++)
        ended += worker_ends(&crowd[i]);
    CHECK(ended == THREADS, "all %d come to their end", "%d do", THREADS,
          ended);
    CHECK(number == THREADS * ROUNDS, "%d", "%ld", THREADS * ROUNDS, number);
}

/* Who waits for the lock sleeps, and does not spin; a signal does not let it
 * in. */
Test(futex_lock, sleeps)
{
    struct worker waiter;
    struct timespec cpu;
    clockid_t clock;
    bool slept;
    long ms;

    TESTED_VOID(futex_lock(&lock));
    worker_start(&waiter, take, NULL);
    slept = worker_sleeps(&waiter);
    CHECK(slept, "it sleeps", "state %c", worker_state(&waiter));
    pause_ms(100);
    NEED(pthread_getcpuclockid(waiter.thread, &clock) == 0, "its clock");
    clock_gettime(clock, &cpu);
    ms = cpu.tv_sec * 1000 + cpu.tv_nsec / 1000000;
    CHECK(ms < 30, "next to no CPU time while it waits", "%ld ms of 100", ms);
    CHECK(!waiter.done, "it waits as long as main has the lock", "it is in");
    TESTED_VOID(futex_unlock(&lock));
    CHECK(worker_ends(&waiter), "unlock wakes it", "it still sleeps");
}

static _Atomic bool stay;

static void take_and_stay(struct worker *w)
{
    futex_lock(&lock);
    w->result = 1;
    while (stay)
        pause_ms(1);
    futex_unlock(&lock);
}

/* Of eight who wait, unlock wakes one; that one wakes the next. */
Test(futex_lock, wakes_one)
{
    struct worker crowd[CROWD];
    long before[CROWD];
    int woken, ended = 0;

    stay = true;
    TESTED_VOID(futex_lock(&lock));
    for (int i = 0; i < CROWD; i++)
        worker_start(&crowd[i], take_and_stay, NULL);
    for (int i = 0; i < CROWD; i++)
        worker_sleeps(&crowd[i]);
    for (int i = 0; i < CROWD; i++)
        before[i] = worker_switches(&crowd[i]);
    TESTED_VOID(futex_unlock(&lock));
    woken = workers_woken(crowd, before);
    CHECK(woken == 1, "one of %d is woken", "%d are", CROWD, woken);
    stay = false;
    for (int i = 0; i < CROWD; i++)
        ended += worker_ends(&crowd[i]);
    CHECK(ended == CROWD, "all get the lock in the end", "%d of %d do", ended,
          CROWD);
}

/* What these tests need of a machine. No code under test is called. */
Test(futex_lock, machine)
{
    struct worker w;

    worker_start(&w, worker_rests, NULL);
    worker_ends(&w);
}
