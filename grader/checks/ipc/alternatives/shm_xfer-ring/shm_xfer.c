/* Two blocks that take turns, an anonymous mapping, named semaphores. */
#include "shm_xfer.h"

#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BLOCKS = 2, SIZE = 8192, SPACE = 0, DATA = 1 };

struct ring {
    int error;
    ssize_t lengths[BLOCKS];
    char blocks[BLOCKS][SIZE];
};

struct waits {
    sem_t *posix[2]; /* NULL: System V */
    int sysv;
};

static void step(struct waits *w, int which, short by)
{
    struct sembuf op = {(unsigned short)which, by, 0};

    if (w->posix[0] == NULL)
        while (semop(w->sysv, &op, 1) == -1 && errno == EINTR)
            continue;
    else if (by > 0)
        sem_post(w->posix[which]);
    else
        while (sem_wait(w->posix[which]) == -1 && errno == EINTR)
            continue;
}

static void consume(struct ring *ring, struct waits *w, int out)
{
    signal(SIGPIPE, SIG_IGN);
    for (int turn = 0;; turn = (turn + 1) % BLOCKS) {
        ssize_t done = 0, length;

        step(w, DATA, -1);
        length = ring->lengths[turn];
        if (length <= 0)
            _exit(0);
        while (ring->error == 0 && done < length) {
            ssize_t n =
                write(out, ring->blocks[turn] + done, (size_t)(length - done));

            if (n == -1 && errno != EINTR)
                ring->error = errno;
            done += n > 0 ? n : 0;
        }
        step(w, SPACE, 1);
    }
}

static int produce(struct ring *ring, struct waits *w, int in)
{
    ssize_t n = 1;
    int error = 0;

    for (int turn = 0; n > 0; turn = (turn + 1) % BLOCKS) {
        step(w, SPACE, -1);
        do
            n = read(in, ring->blocks[turn], SIZE);
        while (n == -1 && errno == EINTR);
        error = n == -1 ? errno : ring->error;
        n = error ? 0 : n;
        ring->lengths[turn] = n;
        step(w, DATA, 1);
    }
    return error;
}

static int copy(struct ring *ring, struct waits *w, int in, int out)
{
    pid_t child = fork();
    int error;

    if (child == -1)
        return errno;
    if (child == 0)
        consume(ring, w, out);
    error = produce(ring, w, in);
    while (waitpid(child, NULL, 0) == -1 && errno == EINTR)
        continue;
    return error ? error : ring->error;
}

static sem_t *semaphore(unsigned value, int which)
{
    char name[40];
    sem_t *s;

    snprintf(name, sizeof(name), "/xfer-%d-%d", (int)getpid(), which);
    s = sem_open(name, O_CREAT | O_EXCL, 0600, value);
    sem_unlink(name);
    return s;
}

int xfer_posix(int in, int out)
{
    struct ring *ring = mmap(NULL, sizeof(*ring), PROT_READ | PROT_WRITE,
                             MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct waits w;

    if (ring == MAP_FAILED)
        return -1;
    w.posix[SPACE] = semaphore(BLOCKS, SPACE);
    w.posix[DATA] = semaphore(0, DATA);
    errno = copy(ring, &w, in, out);
    in = errno;
    sem_close(w.posix[SPACE]);
    sem_close(w.posix[DATA]);
    munmap(ring, sizeof(*ring));
    errno = in;
    return errno ? -1 : 0;
}

int xfer_sysv(int in, int out)
{
    struct waits w = {{NULL, NULL}, semget(IPC_PRIVATE, 2, 0600)};
    int id = shmget(IPC_PRIVATE, sizeof(struct ring), 0600);
    struct ring *ring = shmat(id, NULL, 0);

    semctl(w.sysv, SPACE, SETVAL, BLOCKS);
    errno = copy(ring, &w, in, out);
    in = errno;
    shmdt(ring);
    shmctl(id, IPC_RMID, NULL);
    semctl(w.sysv, 0, IPC_RMID);
    errno = in;
    return errno ? -1 : 0;
}
