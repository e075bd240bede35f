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
    int error;

    *room = (struct room){.backend = backend, .name = room_name, .me = -1};
    if (strlen(name) >= NAME_SIZE || strlen(room_name) >= NAME_SIZE) {
        errno = ENAMETOOLONG;
        return -1;
    }
    if (backend->open(room) == -1)
        return -1;
    if (members_enter(room, name) == 0) {
        members_tell(room, room->me);
        backend->unlock(room);
        return 0;
    }
    error = errno;
    if (members_present(room->board) == 0)
        backend->remove(room);
    backend->close(room, true);
    errno = error;
    return -1;
}

/* Put lines into the ring until it is full; return their bytes. */
static size_t put_lines(struct room *room, const char *lines, size_t n)
{
    char *name = myself(room)->name;
    size_t sent = 0;

    if (!members_tell(room, room->me))
        return 0;
    while (sent < n) {
        const char *line = lines + sent, *end = memchr(line, '\n', n - sent);
        struct iovec parts[] = {
            {name, strlen(name)},
            {": ", 2},
            {(char *)line, (size_t)(end + 1 - line)},
        };

        if (!ring_put(room, room->me, parts, 3))
            break;
        sent += parts[2].iov_len;
    }
    ring_wake_readers(room);
    return sent;
}

ssize_t room_send(struct room *room, const char *lines, size_t n)
{
    size_t sent;

    if (room->backend->lock(room) == -1)
        return -1;
    sent = put_lines(room, lines, n);
    if (sent == 0) {
        myself(room)->blocked = true;
        room->backend->unlock(room);
        room->backend->wait(room, SPACE + room->me);
        if (room->backend->lock(room) == -1)
            return -1;
        members_watch(room);
        sent = put_lines(room, lines, n);
    }
    room->backend->unlock(room);
    return (ssize_t)sent;
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
    size_t n;

    if (lock_inside(room) == -1)
        return -1;
    if (myself(room)->next == room->board->head) {
        myself(room)->asleep = true;
        room->backend->unlock(room);
        while (!room->backend->wait(room, NEWS + room->me) &&
               nothing_to_do(room))
            continue;
        if (lock_inside(room) == -1)
            return -1;
    }
    n = ring_take(room, buf, size);
    members_watch(room);
    room->backend->unlock(room);
    return (ssize_t)n;
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
    if (room->backend->lock(room) == -1)
        return -1;
    room->left = true;
    room->backend->live(room, false);
    myself(room)->state = GONE;
    ring_wake_writers(room);
    members_bury(room);
    if (members_present(room->board) == 0)
        room->backend->remove(room);
    room->backend->unlock(room);
    return 0;
}
