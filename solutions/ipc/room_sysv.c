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
    int r;

    do
        r = semop(room->semaphores, operations, count);
    while (r == -1 && errno == EINTR);
    return r;
}

static int sysv_lock(struct room *room)
{
    struct sembuf operations[] = {{LOCK, 0, 0}, {LOCK, 1, SEM_UNDO}};

    return change(room, operations, 2);
}

static void sysv_unlock(struct room *room)
{
    struct sembuf operation = {LOCK, -1, SEM_UNDO};

    change(room, &operation, 1);
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
    key_t key = key_of(room->name);

    do {
        room->semaphores = semget(key, COUNT, IPC_CREAT | MODE);
        if (room->semaphores == -1)
            return -1;
        if (sysv_lock(room) == 0)
            return 0;
    } while (errno == EIDRM ||
             errno == EINVAL); /* the last one left just now */
    return -1;
}

static unsigned sysv_living(struct room *room)
{
    unsigned short values[COUNT] = {0};
    unsigned living = 0;

    semctl(room->semaphores, 0, GETALL, values);
    for (int i = 0; i < MEMBERS; i++)
        living |= (unsigned)(values[ALIVE + i] != 0) << i;
    return living;
}

static void sysv_remove(struct room *room)
{
    shmctl(room->object, IPC_RMID, NULL); /* gone when the last one detaches */
    semctl(room->semaphores, 0, IPC_RMID);
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
    struct shared *shared = room->shared;

    room->board = &shared->board;
    if (sysv_living(room) == 0)
        strcpy(shared->name, room->name);
    if (strcmp(shared->name, room->name) == 0)
        return 0;
    errno = EADDRINUSE;
    shmdt(shared);
    return -1;
}

static int sysv_open(struct room *room)
{
    key_t key = key_of(room->name);

    if (lock_the_set(room) == -1)
        return -1;
    room->object = shmget(key, sizeof(struct shared), IPC_CREAT | MODE);
    if (room->object != -1) {
        room->shared = shmat(room->object, NULL, 0);
        if (room->shared != (void *)-1 && claim(room) == 0)
            return 0;
    }
    give_up(room);
    return -1;
}

static bool sysv_wait(struct room *room, int semaphore)
{
    struct sembuf operation = {(unsigned short)semaphore, -1, 0};
    struct timespec tick = {0, TICK_MS * 1000000L};

    return semtimedop(room->semaphores, &operation, 1, &tick) == 0;
}

static void sysv_wake(struct room *room, int semaphore)
{
    struct sembuf operation = {(unsigned short)semaphore, 1, 0};

    change(room, &operation, 1);
}

static int sysv_live(struct room *room, bool on)
{
    unsigned short mine = (unsigned short)(ALIVE + room->me);
    struct sembuf operation = {mine, on ? 1 : -1, SEM_UNDO};

    return change(room, &operation, 1);
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
