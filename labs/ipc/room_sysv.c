/* room_sysv.c - a room of System V shared memory and semaphores
 * see also: shmget(2), semop(2) on SEM_UNDO, sysvipc(7); TLPI 45-48
 *
 * Nothing is initialised, since zero is right for everything: a new segment is
 * all zero bytes, and so is a new semaphore (on Linux). So there is no moment
 * at which the objects exist and must not be used yet. The lock is taken by
 * "wait for 0, then add 1"; SEM_UNDO takes the 1 away when its holder dies,
 * and that of the semaphore that says "alive" as well.
 */
#define _GNU_SOURCE /* semtimedop */
#include "room.h"

#include <errno.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <time.h>

enum {
    MODE = 0600,
    LOCK = SEMAPHORES, /* behind NEWS and SPACE */
    ALIVE,
    COUNT = ALIVE + MEMBERS
};

struct shared {
    struct board board;
    char name[NAME_SIZE]; /* a key is a number, and two names may share it */
};

/* FNV-1a; not ftok(3), which would need a file. Never IPC_PRIVATE. */
static key_t key_of(const char *name)
{
    uint32_t hash = 2166136261u;

    for (; *name != '\0'; name++)
        hash = (hash ^ (unsigned char)*name) * 16777619u;
    return (key_t)(hash | 1);
}

static int change(struct room *room, struct sembuf *operations, size_t count)
{
    /* TODO(project): 11. semop(2), again when a signal interrupts it. */
    (void)room, (void)operations, (void)count;
    errno = ENOSYS;
    return -1;
}

static int sysv_lock(struct room *room)
{
    /* TODO(project): 11. wait until the semaphore LOCK is 0 and add 1, in one
     * step, undone when we die. TLPI 47.8. */
    (void)room, (void)change;
    errno = ENOSYS;
    return -1;
}

static void sysv_unlock(struct room *room)
{
    /* TODO(project): 11. take the 1 away. */
    (void)room;
}

static void sysv_close(struct room *room, bool locked)
{
    if (locked)
        sysv_unlock(room); /* fails where the room has been removed */
    shmdt(room->shared);
}

/* Get the lock first: who has it on a set that exists may make the segment,
 * and only who has it removes both. */
static int lock_the_set(struct room *room)
{
    /* TODO(project): 11. find or make the set (semget(2)), and lock it; begin
     * again if the last one removes it meanwhile. */
    (void)room, (void)key_of, (void)sysv_lock;
    errno = ENOSYS;
    return -1;
}

static unsigned sysv_living(struct room *room)
{
    /* TODO(project): 11. a bit for each semaphore ALIVE + i that is not 0:
     * semctl(2), GETALL. */
    (void)room;
    return ~0u;
}

static void sysv_remove(struct room *room)
{
    /* TODO(project): 11. remove segment and set: IPC_RMID. */
    (void)room;
}

/* With the lock held: what nobody uses is not left behind. */
static void give_up(struct room *room)
{
    int error = errno;

    if (sysv_living(room) == 0)
        sysv_remove(room);
    sysv_unlock(room);
    errno = error;
}

/* Is this the room of that name? What the dead have left is nobody's. */
static int claim(struct room *room)
{
    /* TODO(project): 11. find the board. If nobody lives, the room gets our
     * name; if it has another one, EADDRINUSE. */
    (void)room;
    errno = ENOSYS;
    return -1;
}

static int sysv_open(struct room *room)
{
    /* TODO(project): 11. lock the set, then find or make the segment and
     * attach it: shmget(2), shmat(2). TLPI 48.2. */
    (void)room, (void)lock_the_set, (void)claim, (void)give_up;
    errno = ENOSYS;
    return -1;
}

static bool sysv_wait(struct room *room, int semaphore)
{
    /* TODO(project): 11. semtimedop(2), at most TICK_MS. */
    (void)room, (void)semaphore;
    return false;
}

static void sysv_wake(struct room *room, int semaphore)
{
    /* TODO(project): 11. add 1. */
    (void)room, (void)semaphore;
}

static int sysv_live(struct room *room, bool on)
{
    /* TODO(project): 11. add 1 to ALIVE + room->me, undone when we die; or
     * take it away. */
    (void)room, (void)on;
    return 0;
}

const struct backend sysv_backend = {
    .open = sysv_open,
    .lock = sysv_lock,
    .unlock = sysv_unlock,
    .wait = sysv_wait,
    .wake = sysv_wake,
    .live = sysv_live,
    .living = sysv_living,
    .remove = sysv_remove,
    .close = sysv_close,
};
