#include "threads.h"

#include "queue.h"

#define queue_new(...) TESTED(queue_new(__VA_ARGS__))
#define queue_close(...) TESTED_VOID(queue_close(__VA_ARGS__))
#define queue_free(...) TESTED_VOID(queue_free(__VA_ARGS__))

enum { ROUNDS = 25 };

TestSuite(queue, .timeout = TEST_SECONDS);

static struct queue *queue;
static char items[64];

static void begin(size_t capacity)
{
    queue = queue_new(capacity);
    CHECK(queue != NULL, "a queue for %zu items", "NULL (%s)", capacity,
          error_name(errno));
}

static void put(struct worker *w)
{
    w->result = queue_put(queue, w->arg);
}

static void get(struct worker *w)
{
    void *item = NULL;

    w->result = queue_get(queue, &item);
    if (w->result == 1)
        w->arg = item;
}

/* What was put first is taken first, round and round; closing lets the rest be
 * taken. */
Test(queue, fifo)
{
    size_t in = 0, out = 0, wrong = 0;
    void *item;
    int r;

    begin(5);
    for (int round = 0; round < 200; round++) {
        size_t n = rnd(1, 5);

        for (size_t i = 0; i < n; i++)
            wrong += TESTED(queue_put(queue, &items[in++ % 64])) != 0;
        for (size_t i = 0; i < n; i++) {
            r = TESTED(queue_get(queue, &item));
            wrong += r != 1 || item != &items[out++ % 64];
        }
    }
    CHECK(wrong == 0, "all in the order in which they were put",
          "%zu of %zu are wrong", wrong, in);
    TESTED(queue_put(queue, &items[1]));
    TESTED(queue_put(queue, &items[2]));
    queue_close(queue);
    errno = 0;
    r = TESTED(queue_put(queue, &items[3]));
    CHECK(r == -1 && errno == EPIPE, "-1 (EPIPE) once it is closed", "%d (%s)",
          r, error_name(errno));
    r = TESTED(queue_get(queue, &item));
    CHECK(r == 1 && item == &items[1], "what is in it can be taken", "%d", r);
    r = TESTED(queue_get(queue, &item));
    CHECK(r == 1 && item == &items[2], "all of it", "%d", r);
    r = TESTED(queue_get(queue, &item));
    CHECK(r == 0, "0: closed and empty", "%d", r);
    queue_free(queue);
}

/* Two getters sleep; two items are put, one right behind the other. */
static bool two_at_once(void)
{
    struct worker getters[2];
    bool ended = true;

    for (int i = 0; i < 2; i++)
        worker_start(&getters[i], get, NULL);
    for (int i = 0; i < 2; i++)
        worker_sleeps(&getters[i]);
    queue_put(queue, &items[1]);
    queue_put(queue, &items[2]);
    for (int i = 0; i < 2; i++)
        ended = ended && worker_ends(&getters[i]);
    return ended;
}

/* Who puts into a full queue sleeps until there is space, who takes from an
 * empty one until there is something; neither spins. */
Test(queue, blocks)
{
    struct worker putter, getter;
    void *item = NULL;
    bool slept, all = true;

    begin(2);
    worker_start(&getter, get, NULL);
    slept = worker_sleeps(&getter);
    CHECK(slept, "a getter sleeps while the queue is empty", "state %c",
          worker_state(&getter));
    TESTED(queue_put(queue, &items[7]));
    CHECK(worker_ends(&getter), "an item wakes it up", "it still sleeps");
    CHECK(getter.arg == &items[7], "it has the item", "another one");
    TESTED(queue_put(queue, &items[1]));
    TESTED(queue_put(queue, &items[2]));
    worker_start(&putter, put, &items[3]);
    slept = worker_sleeps(&putter);
    CHECK(slept, "a putter sleeps while the queue is full", "state %c",
          worker_state(&putter));
    TESTED(queue_get(queue, &item));
    CHECK(item == &items[1], "the oldest item", "another one");
    CHECK(worker_ends(&putter), "space wakes it up", "it still sleeps");
    TESTED(queue_get(queue, &item));
    TESTED(queue_get(queue, &item));
    CHECK(item == &items[3], "what it had put comes last", "another one");
    for (int i = 0; i < ROUNDS && all; i++)
        all = two_at_once();
    CHECK(all, "two items wake two who wait", "one of them still sleeps");
    queue_close(queue);
    queue_free(queue);
}

/* Closing wakes everybody: eight who wait for an item, eight who wait for
 * space. */
Test(queue, close)
{
    struct worker crowd[CROWD];
    int woken = 0, right = 0;

    for (int full = 0; full < 2; full++) {
        begin(1);
        if (full)
            TESTED(queue_put(queue, &items[0]));
        for (int i = 0; i < CROWD; i++)
            worker_start(&crowd[i], full ? put : get, &items[1]);
        for (int i = 0; i < CROWD; i++)
            worker_sleeps(&crowd[i]);
        queue_close(queue);
        for (int i = 0; i < CROWD && worker_ends(&crowd[i]); i++) {
            woken++;
            right += crowd[i].result == (full ? -1 : 0);
        }
        CHECK(woken == CROWD * (full + 1), "all %d wake up", "%d do", CROWD,
              woken - CROWD * full);
        CHECK(right == CROWD * (full + 1), "all are told that it is closed",
              "%d are", right - CROWD * full);
    }
}

/* One item wakes one of eight who wait, and space for one wakes one: no
 * thundering herd. */
Test(queue, herd)
{
    struct worker crowd[CROWD];
    long before[CROWD];
    void *item;
    int woken;

    for (int full = 0; full < 2; full++) {
        begin(1);
        if (full)
            TESTED(queue_put(queue, &items[0]));
        for (int i = 0; i < CROWD; i++)
            worker_start(&crowd[i], full ? put : get, &items[1]);
        for (int i = 0; i < CROWD; i++)
            worker_sleeps(&crowd[i]);
        for (int i = 0; i < CROWD; i++)
            before[i] = worker_switches(&crowd[i]);
        if (full)
            TESTED(queue_get(queue, &item));
        else
            TESTED(queue_put(queue, &items[0]));
        woken = workers_woken(crowd, before);
        CHECK(woken >= 1 && woken <= 2, "one of %d is woken", "%d are", CROWD,
              woken);
        queue_close(queue);
        for (int i = 0; i < CROWD; i++)
            worker_ends(&crowd[i]);
    }
}

/* What these tests need of a machine. No code under test is called. */
Test(queue, machine)
{
    struct worker w;

    worker_start(&w, worker_rests, NULL);
    worker_ends(&w);
}
