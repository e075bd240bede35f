/* shm_xfer - copy a file through shared memory, with two semaphores
 *
 * What differs between the two kinds is how to get the memory, how to wait and
 * how to wake; the copying itself is the same. All objects are taken away
 * before the copying begins, or (System V semaphores) right behind it.
 */
#include "shm_xfer.h"

#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SPACE, DATA, SEMAPHORES };

struct block {
    ssize_t length; /* 0: the end; -1: the producer failed */
    char bytes[65536];
};

struct shared {
    struct block block;
    int error; /* of the consumer; 0 while all is well */
    sem_t semaphores[SEMAPHORES];
};

struct channel {
    struct shared *shared;
    int id; /* of the System V semaphores */
    int (*change)(struct channel *c, int semaphore, int by);
};

static int posix_change(struct channel *c, int semaphore, int by)
{
    sem_t *s = &c->shared->semaphores[semaphore];
    int r;

    if (by > 0)
        return sem_post(s);
    do
        r = sem_wait(s);
    while (r == -1 && errno == EINTR);
    return r;
}

static int sysv_change(struct channel *c, int semaphore, int by)
{
    struct sembuf op = {(unsigned short)semaphore, (short)by, 0};
    int r;

    do
        r = semop(c->id, &op, 1);
    while (r == -1 && errno == EINTR);
    return r;
}

static int write_full(int fd, const char *bytes, ssize_t n)
{
    while (n > 0) {
        ssize_t r = write(fd, bytes, (size_t)n);

        if (r == -1 && errno != EINTR)
            return -1;
        if (r > 0) {
            bytes += r;
            n -= r;
        }
    }
    return 0;
}

/* After an error it goes on to take blocks, so that nobody waits for it. */
static void consume(struct channel *c, int out)
{
    struct shared *shared = c->shared;

    signal(SIGPIPE, SIG_IGN); /* or the producer would wait for us */
    do {
        if (c->change(c, DATA, -1) == -1)
            _exit(1);
        if (shared->block.length <= 0)
            _exit(0);
        if (shared->error == 0 &&
            write_full(out, shared->block.bytes, shared->block.length) == -1)
            shared->error = errno;
    } while (c->change(c, SPACE, 1) == 0);
    _exit(1);
}

static int produce(struct channel *c, int in)
{
    struct block *block = &c->shared->block;
    int error = 0;

    do {
        if (c->change(c, SPACE, -1) == -1)
            return -1;
        do
            block->length = read(in, block->bytes, sizeof(block->bytes));
        while (block->length == -1 && errno == EINTR);
        error = block->length == -1 ? errno : c->shared->error;
        if (error != 0)
            block->length = 0;
        if (c->change(c, DATA, 1) == -1)
            return -1;
    } while (block->length > 0);
    errno = error;
    return error == 0 ? 0 : -1;
}

static int transfer(struct channel *c, int in, int out)
{
    pid_t child = fork();
    int r, error, status;

    if (child == -1)
        return -1;
    if (child == 0)
        consume(c, out);
    r = produce(c, in);
    error = errno;
    while (waitpid(child, &status, 0) == -1 && errno == EINTR)
        continue;
    if (r == 0 && c->shared->error != 0) {
        error = c->shared->error;
        r = -1;
    }
    errno = error;
    return r;
}

/* Memory that has a name only for a moment. */
static struct shared *posix_memory(void)
{
    struct shared *shared = MAP_FAILED;
    char name[32];
    int fd, error;

    snprintf(name, sizeof(name), "/xfer.%ld", (long)getpid());
    fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
    if (fd == -1)
        return MAP_FAILED;
    error = posix_fallocate(fd, 0, sizeof(*shared));
    if (error == 0) {
        shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED,
                      fd, 0);
        error = errno;
    }
    shm_unlink(name);
    close(fd);
    errno = error;
    return shared;
}

int xfer_posix(int in, int out)
{
    struct channel c = {.shared = posix_memory(), .change = posix_change};
    int r, error;

    if (c.shared == MAP_FAILED)
        return -1;
    r = sem_init(&c.shared->semaphores[SPACE], 1, 1);
    if (r == 0)
        r = sem_init(&c.shared->semaphores[DATA], 1, 0);
    if (r == 0)
        r = transfer(&c, in, out);
    error = errno;
    munmap(c.shared, sizeof(*c.shared));
    errno = error;
    return r;
}

int xfer_sysv(int in, int out)
{
    struct channel c = {.change = sysv_change};
    int memory = shmget(IPC_PRIVATE, sizeof(struct shared), IPC_CREAT | 0600);
    int r = -1, error;

    if (memory == -1)
        return -1;
    c.shared = shmat(memory, NULL, 0);
    error = errno;
    shmctl(memory, IPC_RMID, NULL); /* lives as long as it is attached */
    errno = error;
    if (c.shared == (void *)-1)
        return -1;
    c.id = semget(IPC_PRIVATE, SEMAPHORES, IPC_CREAT | 0600);
    if (c.id != -1) {
        if (sysv_change(&c, SPACE, 1) == 0)
            r = transfer(&c, in, out);
        error = errno;
        semctl(c.id, 0, IPC_RMID);
        errno = error;
    }
    error = errno;
    shmdt(c.shared);
    errno = error;
    return r;
}
