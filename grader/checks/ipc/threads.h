/*
 * threads.h - what the tests of several drills ask of a thread: does it sleep,
 * and has it been woken since?
 *
 * see also: proc(5) on /proc/PID/task/TID; unit.h
 */
#ifndef THREADS_H
#define THREADS_H

#include "unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

enum { CROWD = 8, LOOKS = 800 }; /* threads that wait; looks, 1 ms each */

/* A thread of the test: runs `work`, and tells its number first. */
struct worker {
    pthread_t thread;
    _Atomic pid_t tid;
    _Atomic bool done;
    void (*work)(struct worker *w);
    void *arg;
    long result;
};

static void *worker_main(void *arg)
{
    struct worker *w = arg;

    w->tid = (pid_t)syscall(SYS_gettid);
    w->work(w);
    w->done = true;
    return NULL;
}

static inline void worker_start(struct worker *w,
                                void (*work)(struct worker *w), void *arg)
{
    *w = (struct worker){.work = work, .arg = arg};
    NEED(pthread_create(&w->thread, NULL, worker_main, w) == 0, "a thread");
}

/* Work for a thread that is only to be started. */
static inline void worker_rests(struct worker *w)
{
    w->result = 0;
}

static inline void pause_ms(int ms)
{
    struct timespec t = {0, ms * 1000000L};

    nanosleep(&t, NULL);
}

/* Its state of proc(5), 'X' once it has ended. */
static inline char worker_state(const struct worker *w)
{
    char path[64], state = 'X';
    FILE *file;

    snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)w->tid);
    file = fopen(path, "re");
    if (file != NULL) {
        if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
            state = 'X';
        fclose(file);
    }
    return state;
}

/* Wait until it sleeps; false if it has ended instead, or never does. */
static inline bool worker_sleeps(struct worker *w)
{
    for (int i = 0, still = 0; i < LOOKS; i++) {
        still = w->tid != 0 && worker_state(w) == 'S' ? still + 1 : 0;
        if (still == 5)
            return true;
        if (w->done)
            return false;
        pause_ms(1);
    }
    return false;
}

/* Wait until it has ended; false if it does not. */
static inline bool worker_ends(struct worker *w)
{
    for (int i = 0; i < LOOKS && !w->done; i++)
        pause_ms(1);
    if (!w->done)
        return false;
    pthread_join(w->thread, NULL);
    return true;
}

/* How often it has gone to sleep so far: more once it was woken. */
static inline long worker_switches(const struct worker *w)
{
    char path[64], line[128];
    long count = -1;
    FILE *file;

    snprintf(path, sizeof path, "/proc/self/task/%d/status", (int)w->tid);
    file = fopen(path, "re");
    if (file == NULL)
        return -1;
    while (fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "voluntary_ctxt_switches: %ld", &count) == 1)
            break;
    fclose(file);
    return count;
}

/* How many of a crowd have been woken since their counts were taken. */
static inline int workers_woken(const struct worker *crowd, const long *before)
{
    int woken = 0;

    pause_ms(20);
    for (int i = 0; i < CROWD; i++)
        woken += crowd[i].done || worker_switches(&crowd[i]) != before[i];
    return woken;
}

#endif
