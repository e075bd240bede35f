/* room.c - join, send, receive, leave, the same for both back ends
 * see also: room.h; TLPI 48.4 and 53
 *
 * Whoever waits holds no lock, and looks again afterwards: a wake-up says that
 * something may have changed, not what. Deaths send none, so no wait is longer
 * than a tick, after which everybody looks for the dead.
 */
#include "room.h"

#include <errno.h>
#include <string.h>

static struct member *myself(struct room *room)
{
    return &room->board->members[room->me];
}

int room_join(struct room *room, const struct backend *backend,
              const char *room_name, const char *name)
{
    /* TODO(project): 4. open the room (backend->open returns with the lock
     * held), take a place, tell the others, unlock. If that fails: leave no
     * object behind that nobody uses, close, return -1 with the first errno.
     * ENAMETOOLONG comes first. */
    (void)room, (void)backend, (void)room_name, (void)name;
    errno = ENOSYS;
    return -1;
}

/* Put lines into the ring until it is full; return their bytes. */
static size_t put_lines(struct room *room, const char *lines, size_t n)
{
    /* TODO(project): 5. each line becomes one record: name, ": ", the line
     * with its end. Stop when the ring is full; wake the readers; return the
     * bytes of the lines that were put. Nothing before members_tell says that
     * we are announced. */
    (void)room, (void)lines, (void)n, (void)myself;
    return 0;
}

ssize_t room_send(struct room *room, const char *lines, size_t n)
{
    /* TODO(project): 5. under the lock, put as many lines as fit (put_lines).
     * If there is no space: set `blocked`, give back the lock, wait for SPACE,
     * take the lock, look for the dead (members_watch), try once more. */
    (void)room, (void)lines, (void)n, (void)put_lines;
    errno = ENOSYS;
    return -1;
}

/* The lock, unless another thread of ours has left the room. */
static int lock_inside(struct room *room)
{
    int r = room->backend->lock(room);

    if (r == 0 && !room->left)
        return 0;
    if (r == 0)
        room->backend->unlock(room);
    if (room->left) /* then the room may be gone as well */
        errno = ESHUTDOWN;
    return -1;
}

/* A wake-up may be missing: who was to send it has died just before. */
static bool nothing_to_do(struct room *room)
{
    return myself(room)->next == room->board->head && members_all_is_well(room);
}

ssize_t room_receive(struct room *room, char *buf, size_t size)
{
    /* TODO(project): 5. under the lock, take what is there. If nothing is: set
     * `asleep`, give back the lock, wait for NEWS (again and again while
     * the wait only timed out and there is nothing_to_do), take the lock. Look
     * for the dead as well. */
    (void)room, (void)buf, (void)size, (void)lock_inside, (void)nothing_to_do;
    errno = ENOSYS;
    return -1;
}

bool room_has_read(struct room *room, uint64_t position)
{
    return myself(room)->next >= position;
}

void room_nudge(struct room *room)
{
    room->backend->wake(room, NEWS + room->me);
}

int room_leave(struct room *room)
{
    /* TODO(project): 4. under the lock: set room->left, stop to live, become
     * GONE, wake writers, tell of it (members_bury); the last one removes the
     * room. */
    (void)room;
    errno = ENOSYS;
    return -1;
}
