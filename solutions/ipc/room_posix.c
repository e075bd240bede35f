/* room_posix.c - a room of POSIX shared memory, mutexes and semaphores
 * see also: shm_open(3), sem_init(3), pthread_mutexattr_setrobust(3); TLPI 53-54
 *
 * A robust mutex knows its owner: when that dies, the kernel marks it, and the
 * next one who locks it gets EOWNERDEAD. This makes a lock that no dead member
 * keeps. And a mutex that a member holds as long as it lives tells whether it
 * does.
 */
#define _GNU_SOURCE /* sem_clockwait */
#include "room.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <sys/file.h> /* flock */
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct shared {
    struct board board;
    bool ready; /* mutexes and semaphores are initialised */
    pthread_mutex_t lock;
    pthread_mutex_t alive[MEMBERS]; /* held by the member's main thread */
    sem_t semaphores[SEMAPHORES];
};

static void path_of(const struct room *room, char path[NAME_SIZE + 8])
{
    snprintf(path, NAME_SIZE + 8, "/chat.%s", room->name);
}

static int init_mutex(pthread_mutex_t *mutex)
{
    pthread_mutexattr_t attr;

    pthread_mutexattr_init(&attr);
    pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
    errno = pthread_mutex_init(mutex, &attr);
    pthread_mutexattr_destroy(&attr);
    return errno == 0 ? 0 : -1;
}

/* Take the mutex if its owner is dead; what it protects is never half done. */
static int recover(pthread_mutex_t *mutex, int error)
{
    if (error == EOWNERDEAD)
        error = pthread_mutex_consistent(mutex);
    errno = error;
    return error == 0 ? 0 : -1;
}

static int posix_lock(struct room *room)
{
    struct shared *shared = room->shared;

    return recover(&shared->lock, pthread_mutex_lock(&shared->lock));
}

static void posix_unlock(struct room *room)
{
    pthread_mutex_unlock(&((struct shared *)room->shared)->lock);
}

static void posix_close(struct room *room, bool locked)
{
    if (locked)
        posix_unlock(room);
    munmap(room->shared, sizeof(struct shared));
    close(room->object);
}

static int init_shared(struct shared *shared)
{
    if (init_mutex(&shared->lock) == -1)
        return -1;
    for (int i = 0; i < MEMBERS; i++)
        if (init_mutex(&shared->alive[i]) == -1)
            return -1;
    for (int i = 0; i < SEMAPHORES; i++)
        if (sem_init(&shared->semaphores[i], 1, 0) == -1)
            return -1;
    shared->ready = true;
    return 0;
}

/* fallocate: without it, memory that is not there kills us later (SIGBUS). */
static int map(struct room *room)
{
    do
        errno = posix_fallocate(room->object, 0, sizeof(struct shared));
    while (errno == EINTR);
    if (errno != 0)
        return -1;
    room->shared = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE,
                        MAP_SHARED, room->object, 0);
    if (room->shared == MAP_FAILED)
        return -1;
    room->board = &((struct shared *)room->shared)->board;
    return 0;
}

/* Before anybody is in; what has just been made must not be left behind. */
static int give_up(struct room *room, const char *path, bool fresh)
{
    int error = errno;

    if (fresh)
        shm_unlink(path);
    close(room->object);
    errno = error;
    return -1;
}

/* The file lock, which ends with its holder, makes sure that one initialises
 * and that the others wait for it. */
static int map_and_init(struct room *room, const char *path)
{
    struct stat status = {.st_size = 1};
    struct shared *shared;

    while (flock(room->object, LOCK_EX) == -1)
        if (errno != EINTR)
            return give_up(room, path, false);
    if (fstat(room->object, &status) == -1 || map(room) == -1)
        return give_up(room, path, status.st_size == 0);
    shared = room->shared;
    if (!shared->ready && init_shared(shared) == -1) {
        munmap(shared, sizeof(*shared));
        return give_up(room, path, true);
    }
    flock(room->object, LOCK_UN);
    return 0;
}

static int open_object(const char *path)
{
    mode_t mask = umask(0); /* 0600 is 0600 */
    int fd;

    do
        fd = shm_open(path, O_RDWR | O_CREAT, 0600);
    while (fd == -1 && errno == EINTR);
    umask(mask);
    return fd;
}

static int posix_open(struct room *room)
{
    char path[NAME_SIZE + 8];
    struct stat status = {.st_nlink = 0};

    path_of(room, path);
    while (status.st_nlink == 0) { /* else the last one has just removed it */
        room->object = open_object(path);
        if (room->object == -1)
            return -1;
        if (map_and_init(room, path) == -1)
            return -1;
        if (posix_lock(room) == -1 || fstat(room->object, &status) == -1) {
            posix_close(room, false);
            return -1;
        }
        if (status.st_nlink == 0)
            posix_close(room, true);
    }
    return 0;
}

static bool posix_wait(struct room *room, int semaphore)
{
    struct shared *shared = room->shared;
    struct timespec end;

    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_nsec += TICK_MS * 1000000L;
    end.tv_sec += end.tv_nsec / 1000000000;
    end.tv_nsec %= 1000000000;
    return sem_clockwait(&shared->semaphores[semaphore], CLOCK_MONOTONIC,
                         &end) == 0;
}

static void posix_wake(struct room *room, int semaphore)
{
    sem_post(&((struct shared *)room->shared)->semaphores[semaphore]);
}

static int posix_live(struct room *room, bool on)
{
    struct shared *shared = room->shared;
    pthread_mutex_t *mine = &shared->alive[room->me];

    return recover(mine,
                   on ? pthread_mutex_lock(mine) : pthread_mutex_unlock(mine));
}

static unsigned posix_living(struct room *room)
{
    struct shared *shared = room->shared;
    unsigned living = 0;

    for (int i = 0; i < MEMBERS; i++) {
        if (recover(&shared->alive[i],
                    pthread_mutex_trylock(&shared->alive[i])) == 0)
            pthread_mutex_unlock(&shared->alive[i]);
        else if (errno == EBUSY)
            living |= 1u << i;
    }
    return living;
}

static void posix_remove(struct room *room)
{
    char path[NAME_SIZE + 8];

    path_of(room, path);
    shm_unlink(path);
}

const struct backend posix_backend = {
    .open = posix_open,
    .lock = posix_lock,
    .unlock = posix_unlock,
    .wait = posix_wait,
    .wake = posix_wake,
    .live = posix_live,
    .living = posix_living,
    .remove = posix_remove,
    .close = posix_close,
};
