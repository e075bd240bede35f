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
    c->locked = 0;
    atomic_init(&c->atomic, 0);
    return pthread_mutex_init(&c->mutex, NULL);
}

void counter_add_locked(struct counter *c, long n)
{
    pthread_mutex_lock(&c->mutex);
    c->locked += n;
    pthread_mutex_unlock(&c->mutex);
}

void counter_add_atomic(struct counter *c, long n)
{
    atomic_fetch_add(&c->atomic, n);
}

long counter_total(struct counter *c)
{
    long locked;

    pthread_mutex_lock(&c->mutex);
    locked = c->locked;
    pthread_mutex_unlock(&c->mutex);
    return locked + atomic_load(&c->atomic);
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
    struct task task = {c, add, rounds}; /* lives until all have ended */
    pthread_t started[MOST];
    int count = 0, error = 0;

    while (count < threads && error == 0) {
        error = pthread_create(&started[count], NULL, work, &task);
        count += error == 0;
    }
    for (int i = 0; i < count; i++)
        pthread_join(started[i], NULL);
    return error;
}
