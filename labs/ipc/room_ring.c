/* room_ring.c - the messages of a room: records in a ring of bytes
 * see also: room.h; TLPI 48.4
 *
 * A member may be killed between any two statements. So each change is prepared
 * where nobody looks, and made by one store: `head` for a message, `next` for
 * what was read.
 */
#include "room.h"

#include <string.h>

struct record {
    int from;
    int size; /* of the text behind it */
};

static void copy_in(struct board *board, uint64_t at, const void *bytes,
                    size_t n)
{
    /* TODO(project): 2. copy n bytes to position `at`; what does not fit
     * before the end of the ring goes to its begin. */
    (void)board, (void)at, (void)bytes, (void)n;
}

static void copy_out(const struct board *board, uint64_t at, void *bytes,
                     size_t n)
{
    /* TODO(project): 2. the same the other way round. */
    (void)board, (void)at, (void)bytes, (void)n;
}

static uint64_t oldest_unread(const struct board *board)
{
    /* TODO(project): 2. the lowest `next` of all who are PRESENT; head if
     * nobody is. */
    return board->head;
}

void ring_wake_readers(struct room *room)
{
    /* TODO(project): 2. wake every member that is asleep, and clear the flag. */
    (void)room;
}

void ring_wake_writers(struct room *room)
{
    /* TODO(project): 2. wake every member that is blocked, and clear the flag. */
    (void)room;
}

bool ring_put(struct room *room, int from, const struct iovec *parts, int count)
{
    /* TODO(project): 2. if a record of this size fits before it would reach
     * the oldest unread byte of the last round: copy the record and the parts
     * in, and only then move head. */
    (void)room, (void)from, (void)parts, (void)count, (void)copy_in,
        (void)oldest_unread;
    return false;
}

size_t ring_take(struct room *room, char *buf, size_t size)
{
    /* TODO(project): 2. from our `next` to head: copy out the text of whole
     * records that others have put, pass over our own; stop when buf is full.
     * Then move `next`, and wake writers if it has moved. */
    (void)room, (void)buf, (void)size, (void)copy_out;
    return 0;
}
