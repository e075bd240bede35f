/* The atomic number by compare and exchange, threads in a chain. */
#include "counter.h"

#include <stdbool.h>

struct link {
    struct counter *counter;
    add_function add;
    long rounds;
    int threads; /* still to be started */
    int error;
};

int counter_init(struct counter *c)
{
    *c = (struct counter){.mutex = PTHREAD_MUTEX_INITIALIZER};
    return 0;
}

void counter_add_locked(struct counter *c, long n)
{
    if (pthread_mutex_trylock(&c->mutex) != 0)
        pthread_mutex_lock(&c->mutex);
    c->locked += n;
    pthread_mutex_unlock(&c->mutex);
}

void counter_add_atomic(struct counter *c, long n)
{
    long now = atomic_load_explicit(&c->atomic, memory_order_relaxed);

    while (!atomic_compare_exchange_weak(&c->atomic, &now, now + n))
        continue;
}

long counter_total(struct counter *c)
{
    long total;

    pthread_mutex_lock(&c->mutex);
    total = c->locked + c->atomic;
    pthread_mutex_unlock(&c->mutex);
    return total;
}

/* Each thread starts the next one before it works, and waits for it. */
static void *work(void *arg)
{
    struct link *link = arg, next = *link;
    pthread_t thread;
    bool started = false;

    next.threads = link->threads - 1;
    if (next.threads > 0) {
        link->error = pthread_create(&thread, NULL, work, &next);
        started = link->error == 0;
    }
    for (long i = 0; i < link->rounds; i++)
        link->add(link->counter, 1);
    if (started) {
        pthread_join(thread, NULL);
        link->error = next.error;
    }
    return NULL;
}

int count_up(struct counter *c, add_function add, int threads, long rounds)
{
    struct link first = {c, add, rounds, threads, 0};
    pthread_t thread;
    int error;

    if (threads == 0)
        return 0;
    error = pthread_create(&thread, NULL, work, &first);
    if (error != 0)
        return error;
    pthread_join(thread, NULL);
    return first.error;
}
