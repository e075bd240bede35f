/* contention - threads that get in each other's way: labs/ipc/go/contention.go
 * with pthreads.
 *
 * usage: contention mutex|cond|quiet|crowd
 * see also: pthread_mutex_lock(3), pthread_cond_wait(3), futex(2), TLPI 30
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { WORKERS = 4, ROUNDS = 100, CROWD = 100, STACK = 64 << 10 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static long count;
static long own[2] = {0, 1};

/* Holds the lock across a system call, so that the others find it taken. */
static void *fight(void *arg)
{
    for (int i = 0; i < ROUNDS; i++) {
        pthread_mutex_lock(&lock);
        getppid();
        count++;
        pthread_mutex_unlock(&lock);
    }
    return arg;
}

static void *take_turns(void *arg)
{
    for (int i = 0; i < ROUNDS; i++) {
        pthread_mutex_lock(&lock);
        while (count % 2 != *(long *)arg)
            pthread_cond_wait(&changed, &lock);
        count++;
        pthread_cond_signal(&changed);
        pthread_mutex_unlock(&lock);
    }
    return arg;
}

static void *once(void *arg)
{
    pthread_mutex_lock(&lock);
    count++;
    pthread_mutex_unlock(&lock);
    return arg;
}

/* Returns 0, or an error number. */
static int run(int threads, void *(*work)(void *))
{
    pthread_t ids[CROWD];
    pthread_attr_t attr;
    int started = 0, error;

    error = pthread_attr_init(&attr);
    if (error != 0)
        return error;
    error = pthread_attr_setstacksize(&attr, STACK);
    while (error == 0 && started < threads) {
        error = pthread_create(&ids[started], &attr, work, &own[started % 2]);
        started += error == 0;
    }
    for (int i = 0; i < started; i++)
        pthread_join(ids[i], NULL);
    pthread_attr_destroy(&attr);
    return error;
}

int main(int argc, char *argv[])
{
    const char *job = argc == 2 ? argv[1] : "";
    int error = -1;

    if (strcmp(job, "mutex") == 0)
        error = run(WORKERS, fight);
    if (strcmp(job, "cond") == 0)
        error = run(2, take_turns);
    if (strcmp(job, "crowd") == 0)
        error = run(CROWD, once);
    if (strcmp(job, "quiet") == 0) {
        for (error = 0; count < WORKERS * ROUNDS; count++) {
            pthread_mutex_lock(&lock);
            pthread_mutex_unlock(&lock);
        }
    }
    if (error == -1) {
        fprintf(stderr, "usage: contention mutex|cond|quiet|crowd\n");
        return 2;
    }
    if (error != 0) {
        fprintf(stderr, "contention: %s\n", strerror(error));
        return 1;
    }
    printf("%ld\n", count);
    return 0;
}
