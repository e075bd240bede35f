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
    /* TODO(project): 3. announce " joined" for whoever is PRESENT and not told
     * yet, " left" for whoever is GONE; GONE becomes FREE once it is told, or
     * if it was never announced. */
    (void)room, (void)who, (void)announce;
    return false;
}

/* Mark the dead. Whoever is GONE holds up nobody any more; where there is no
 * space to tell of it, the next one who looks tries again. */
void members_bury(struct room *room)
{
    /* TODO(project): 10. whoever is PRESENT and not among
     * backend->living(room) becomes GONE, and holds up nobody any more. Then
     * tell of everybody. */
    (void)room;
}

/* Without the lock, so that a look costs little: is there anything to do? */
bool members_all_is_well(struct room *room)
{
    /* TODO(project): 10. true if nobody has to be buried or announced. */
    (void)room;
    return true;
}

/* Now and then, for a death sends no message. */
void members_watch(struct room *room)
{
    /* TODO(project): 10. members_bury, but not before room->next_watch; then
     * again in TICK_MS. */
    (void)room, (void)now_ms;
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
    /* TODO(project): 3. bury the dead; in a room without anybody PRESENT make
     * the board new; find a place (find_place), live, fill in the member: it
     * reads from `head` on. PRESENT comes last: why? */
    (void)room, (void)name, (void)find_place;
    errno = ENOSYS;
    return -1;
}
