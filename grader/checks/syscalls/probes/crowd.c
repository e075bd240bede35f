/*
 * crowd - threads and children that are in the kernel at the same time
 *
 * usage: crowd THREADS CHILDREN ROUNDS
 *
 * Each thread plays ping-pong with the first one over two pipes: ROUNDS bytes
 * there and back, so that its read(2) waits while others make calls; then it
 * makes ROUNDS getppid and waits ROUNDS times in vain for a signal
 * (rt_sigtimedwait: EAGAIN). Each child does the same, a process of its own.
 * So everybody makes ROUNDS getppid, and the counts of read and write are
 * known too; those of futex are not.
 *
 * see also: rt_sigtimedwait(2), pipe(7)
 */
#define _GNU_SOURCE
#include <err.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 32 };

struct player {
    int in, out, rounds;
};

static void must(int good, const char *what)
{
    if (!good)
        err(97, "%s", what);
}

/* The one who waits first. */
static void *play(void *argument)
{
    const struct player *p = argument;
    struct timespec moment = {.tv_nsec = 200000};
    sigset_t set;
    char byte;

    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    for (int i = 0; i < p->rounds; i++) {
        must(read(p->in, &byte, 1) == 1, "read");
        must(write(p->out, &byte, 1) == 1, "write");
    }
    for (int i = 0; i < p->rounds; i++) {
        syscall(SYS_getppid);
        sigtimedwait(&set, NULL, &moment);
    }
    return NULL;
}

int main(int argc, char *argv[])
{
    int threads = argc == 4 ? atoi(argv[1]) : 0;
    int children = argc == 4 ? atoi(argv[2]) : 0;
    int rounds = argc == 4 ? atoi(argv[3]) : 0;
    int to[MOST][2], from[MOST][2], all = threads + children;
    struct player players[MOST];
    pthread_t ids[MOST];
    char byte = 'x';
    sigset_t blocked;

    sigemptyset(&blocked);
    sigaddset(&blocked, SIGCHLD); /* else a read begins again: one call more */
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    must(all > 0 && all <= MOST, "usage: crowd THREADS CHILDREN ROUNDS");
    for (int i = 0; i < all; i++) {
        must(pipe(to[i]) == 0 && pipe(from[i]) == 0, "pipe");
        players[i] = (struct player){to[i][0], from[i][1], rounds};
    }
    for (int i = threads; i < all; i++)
        switch (fork()) {
        case -1:
            err(97, "fork");
        case 0:
            play(&players[i]);
            _exit(0);
        }
    for (int i = 0; i < threads; i++)
        must(pthread_create(&ids[i], NULL, play, &players[i]) == 0, "thread");
    for (int r = 0; r < rounds; r++) {
        for (int i = 0; i < all; i++)
            must(write(to[i][1], &byte, 1) == 1, "write");
        for (int i = 0; i < all; i++)
            must(read(from[i][0], &byte, 1) == 1, "read");
    }
    for (int i = 0; i < threads; i++)
        pthread_join(ids[i], NULL);
    while (wait(NULL) != -1)
        continue;
    _exit(0);
}
