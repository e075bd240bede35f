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
    sem_t semaphores[SEMAPHORES];
};

static void path_of(const struct room *room, char path[NAME_SIZE + 8])
{
    snprintf(path, NAME_SIZE + 8, "/chat.%s", room->name);
}

/* Byte 0 of the object is the lock, byte 1 + i says that member i lives. The
 * locks belong to the open file: to this process, in which a mutex of its own
 * keeps the threads apart. */
static pthread_mutex_t here = PTHREAD_MUTEX_INITIALIZER;

static int set_lock(struct room *room, int command, short type, int byte)
{
    struct flock lock = {
        .l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};
    int r;

    do
        r = fcntl(room->object, command, &lock);
    while (r == -1 && errno == EINTR);
    return r == -1 ? -1 : lock.l_type;
}

static int posix_lock(struct room *room)
{
    pthread_mutex_lock(&here);
    if (set_lock(room, F_OFD_SETLKW, F_WRLCK, 0) != -1)
        return 0;
    pthread_mutex_unlock(&here);
    return -1;
}

static void posix_unlock(struct room *room)
{
    set_lock(room, F_OFD_SETLK, F_UNLCK, 0);
    pthread_mutex_unlock(&here);
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
    short type = on ? F_WRLCK : F_UNLCK;

    return set_lock(room, F_OFD_SETLK, type, 1 + room->me) == -1 ? -1 : 0;
}

/* Idle members look at the next one only; it may be dead as well, then at the
 * one after that. Who comes in looks at all. */
static unsigned posix_living(struct room *room)
{
    unsigned living = ~0u;

    for (int step = 1; step <= MEMBERS; step++) {
        int i = (room->me + step + MEMBERS) % MEMBERS;

        if (i == room->me || room->board->members[i].state != PRESENT)
            continue;
        if (set_lock(room, F_OFD_GETLK, F_WRLCK, 1 + i) == F_UNLCK)
            living &= ~(1u << i);
        else if (room->me != -1)
            break;
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
