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
    /* TODO(project): 1. a mutex that processes share and that tells when its
     * owner has died: pthread_mutexattr_setpshared(3),
     * pthread_mutexattr_setrobust(3). TLPI 30.1.7. */
    (void)mutex;
    errno = ENOSYS;
    return -1;
}

/* Take the mutex if its owner is dead; what it protects is never half done. */
static int recover(pthread_mutex_t *mutex, int error)
{
    /* TODO(project): 1. after EOWNERDEAD the mutex is ours; say that it is
     * consistent. -1 with errno for any other error. */
    (void)mutex, (void)error;
    errno = ENOSYS;
    return -1;
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
    /* TODO(project): 1. all mutexes and semaphores (shared between processes,
     * 0); `ready` comes last. */
    (void)shared, (void)init_mutex;
    errno = ENOSYS;
    return -1;
}

/* fallocate: without it, memory that is not there kills us later (SIGBUS). */
static int map(struct room *room)
{
    /* TODO(project): 1. give the object its size, so that the memory is really
     * there (posix_fallocate(3)), and map it: room->shared, room->board. TLPI
     * 54.2. */
    (void)room;
    errno = ENOSYS;
    return -1;
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
    /* TODO(project): 1. of all who come at once one initialises, and the
     * others wait until that is done: flock(2), which ends with its holder.
     * What fails before anybody is in leaves nothing behind (give_up). */
    (void)room, (void)path, (void)map, (void)give_up, (void)init_shared;
    errno = ENOSYS;
    return -1;
}

static int open_object(const char *path)
{
    /* TODO(project): 1. shm_open(3) with mode 0600, whatever the umask is. */
    (void)path;
    errno = ENOSYS;
    return -1;
}

static int posix_open(struct room *room)
{
    /* TODO(project): 1. open, map, initialise, lock. If the last one has
     * removed the object meanwhile (how many names has it?), begin again. */
    (void)room, (void)path_of, (void)open_object, (void)map_and_init,
        (void)posix_close;
    errno = ENOSYS;
    return -1;
}

static bool posix_wait(struct room *room, int semaphore)
{
    /* TODO(project): 1. wait for the semaphore, at most TICK_MS:
     * sem_clockwait(3). */
    (void)room, (void)semaphore;
    return false;
}

static void posix_wake(struct room *room, int semaphore)
{
    /* TODO(project): 1. sem_post(3). */
    (void)room, (void)semaphore;
}

static int posix_live(struct room *room, bool on)
{
    /* TODO(project): 10. hold alive[room->me] as long as we live; or let it
     * go. */
    (void)room, (void)on;
    return 0;
}

static unsigned posix_living(struct room *room)
{
    /* TODO(project): 10. whose mutex is busy lives. pthread_mutex_trylock(3). */
    (void)room;
    return ~0u;
}

static void posix_remove(struct room *room)
{
    /* TODO(project): 1. shm_unlink(3). */
    (void)room;
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
