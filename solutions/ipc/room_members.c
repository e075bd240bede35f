/* room_members.c - who is in a room: places, news of coming and going, the dead
 * see also: room.h; TLPI 47.8
 *
 * `state` is the one store that makes somebody a member, or no longer one; what
 * has to be told of it may wait for space in the ring.
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
bool members_tell(struct room *room, int who)
{
    struct member *member = &room->board->members[who];

    if (member->state == PRESENT && !member->told) {
        member->told = true; /* first: who dies in between is told to leave */
        member->told = announce(room, who, " joined\n");
    } else if (member->state == GONE &&
               (!member->told || announce(room, who, " left\n"))) {
        member->state = FREE;
    }
    return member->told;
}

/* Mark the dead. Whoever is GONE holds up nobody any more; where there is no
 * space to tell of it, the next one who looks tries again. */
void members_bury(struct room *room)
{
    struct member *members = room->board->members;
    unsigned living = room->backend->living(room);

    for (int i = 0; i < MEMBERS; i++)
        if (members[i].state == PRESENT && !(living & 1u << i)) {
            members[i].state = GONE;
            ring_wake_writers(room);
        }
    for (int i = 0; i < MEMBERS; i++)
        members_tell(room, i);
}

/* Without the lock, so that a look costs little: is there anything to do? */
bool members_all_is_well(struct room *room)
{
    unsigned living = room->backend->living(room);

    for (int i = 0; i < MEMBERS; i++) {
        struct member *member = &room->board->members[i];

        if (member->state != FREE && !member->told)
            return false;
        if (member->state == GONE ||
            (member->state == PRESENT && !(living & 1u << i)))
            return false;
    }
    return true;
}

/* Now and then, for a death sends no message. */
void members_watch(struct room *room)
{
    if (now_ms() >= room->next_watch) {
        room->next_watch = now_ms() + TICK_MS;
        members_bury(room);
    }
}

int members_present(const struct board *board)
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

int members_enter(struct room *room, const char *name)
{
    struct board *board = room->board;
    struct member *me;

    members_bury(room);
    if (members_present(board) == 0) /* new, or left by a crash */
        memset(board, 0, sizeof(*board));
    room->me = find_place(board->members, name);
    if (room->me == -1 || room->backend->live(room, true) == -1)
        return -1;
    me = &board->members[room->me];
    memset(me, 0, sizeof(struct member));
    strcpy(me->name, name);
    me->next = board->head;
    me->state = PRESENT;
    return 0;
}
