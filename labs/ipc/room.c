/* room.c - who is in a room, and the contract of room.h, for both back ends
 * see also: room.h; TLPI 48.4 and 53
 *
 * Whoever waits holds no lock, and looks again afterwards: a wake-up says that
 * something may have changed, not what. Deaths send none, so no wait is longer
 * than a tick, after which everybody looks for the dead.
 */
#include "room.h"

#include <errno.h>
#include <string.h>
#include <time.h>

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static struct member *myself(struct room *room)
{
    return &room->board->members[room->me];
}

/* -- who is there --------------------------------------------------------- */

static bool announce(struct room *room, int who, const char *what)
{
    char *name = room->board->members[who].name;
    struct iovec parts[] = {
        {"* ", 2},
        {name, strlen(name)},
        {(char *)what, strlen(what)},
    };

    if (!ring_put(room, who, parts, 3))
        return false;
    ring_wake_readers(room);
    return true;
}

/* Tell of who came or went, as far as there is space: true if it is told. */
static bool tell(struct room *room, int who)
{
    struct member *member = &room->board->members[who];

    if (member->state == PRESENT && !member->told)
        member->told = announce(room, who, " joined\n");
    else if (member->state == GONE &&
             (!member->told || announce(room, who, " left\n")))
        member->state = FREE;
    return member->told;
}

/* Mark the dead. Whoever is GONE holds up nobody any more; where there is no
 * space to tell of it, the next one who looks tries again. */
static void bury(struct room *room)
{
    struct member *members = room->board->members;
    unsigned living = room->backend->living(room);

    for (int i = 0; i < MEMBERS; i++)
        if (members[i].state == PRESENT && !(living & 1u << i)) {
            members[i].state = GONE;
            ring_wake_writers(room);
        }
    for (int i = 0; i < MEMBERS; i++)
        tell(room, i);
}

/* Now and then, for a death sends no message. */
static void watch(struct room *room)
{
    if (now_ms() >= room->next_watch) {
        room->next_watch = now_ms() + TICK_MS;
        bury(room);
    }
}

static int present(const struct board *board)
{
    int count = 0;

    for (int i = 0; i < MEMBERS; i++)
        count += board->members[i].state == PRESENT;
    return count;
}

/* A free place; -1 with errno. */
static int find_place(const struct member *members, const char *name)
{
    int place = -1;

    errno = EUSERS;
    for (int i = 0; i < MEMBERS; i++)
        if (members[i].state == FREE)
            place = i;
    for (int i = 0; i < MEMBERS; i++)
        if (members[i].state == PRESENT && !strcmp(members[i].name, name)) {
            errno = EEXIST;
            return -1;
        }
    return place;
}

static int enter(struct room *room, const char *name)
{
    struct board *board = room->board;

    bury(room);
    if (present(board) == 0) /* a new room, or one that a crash has left */
        memset(board, 0, sizeof(*board));
    room->me = find_place(board->members, name);
    if (room->me == -1 || room->backend->live(room, true) == -1)
        return -1;
    memset(myself(room), 0, sizeof(struct member));
    strcpy(myself(room)->name, name);
    myself(room)->next = board->head;
    myself(room)->state = PRESENT;
    return 0;
}

/* -- the contract --------------------------------------------------------- */

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
    if (enter(room, name) == 0) {
        tell(room, room->me);
        backend->unlock(room);
        return 0;
    }
    error = errno;
    if (present(room->board) == 0)
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

    if (!tell(room, room->me))
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
        watch(room);
        sent = put_lines(room, lines, n);
    }
    room->backend->unlock(room);
    return (ssize_t)sent;
}

/* The lock, unless another thread of ours has left the room. */
static int lock_inside(struct room *room)
{
    if (room->backend->lock(room) == -1)
        return -1;
    if (!room->left)
        return 0;
    room->backend->unlock(room);
    errno = ESHUTDOWN;
    return -1;
}

ssize_t room_receive(struct room *room, char *buf, size_t size)
{
    size_t n;

    if (lock_inside(room) == -1)
        return -1;
    if (myself(room)->next == room->board->head) {
        myself(room)->asleep = true;
        room->backend->unlock(room);
        room->backend->wait(room, NEWS + room->me);
        if (lock_inside(room) == -1)
            return -1;
    }
    n = ring_take(room, buf, size);
    watch(room);
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
    bury(room);
    if (present(room->board) == 0)
        room->backend->remove(room);
    room->backend->unlock(room);
    return 0;
}
