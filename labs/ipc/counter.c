/* counter - many threads, one number */
#include "counter.h"

enum { MOST = 64 };

struct task {
    struct counter *counter;
    add_function add;
    long rounds;
};

int counter_init(struct counter *c)
{
    /* TODO(counter): 1. both numbers 0, and a mutex. */
    (void)c;
    return 0;
}

void counter_add_locked(struct counter *c, long n)
{
    /* TODO(counter): 2. lock, add, unlock. */
    (void)c, (void)n;
}

void counter_add_atomic(struct counter *c, long n)
{
    /* TODO(counter): 3. one atomic operation. C11 7.17.7.5. */
    (void)c, (void)n;
}

long counter_total(struct counter *c)
{
    /* TODO(counter): 4. who reads needs the mutex, too. */
    (void)c;
    return 0;
}

static void *work(void *arg)
{
    struct task *task = arg;

    for (long i = 0; i < task->rounds; i++)
        task->add(task->counter, 1);
    return NULL;
}

int count_up(struct counter *c, add_function add, int threads, long rounds)
{
    /* TODO(counter): 5. pthread_create(3) for each thread, pthread_join(3) for
     * each that was started. */
    (void)c, (void)add, (void)threads, (void)rounds, (void)work;
    return -1;
}
