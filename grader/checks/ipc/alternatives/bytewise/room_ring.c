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
    size_t place = at % RING, first = n < RING - place ? n : RING - place;

    memcpy(board->ring + place, bytes, first);
    memcpy(board->ring, (const char *)bytes + first, n - first);
}

static void copy_out(const struct board *board, uint64_t at, void *bytes,
                     size_t n)
{
    size_t place = at % RING, first = n < RING - place ? n : RING - place;

    memcpy(bytes, board->ring + place, first);
    memcpy((char *)bytes + first, board->ring, n - first);
}

static uint64_t oldest_unread(const struct board *board)
{
    uint64_t oldest = board->head;

    for (int i = 0; i < MEMBERS; i++)
        if (board->members[i].state == PRESENT &&
            board->members[i].next < oldest)
            oldest = board->members[i].next;
    return oldest;
}

void ring_wake_readers(struct room *room)
{
    for (int i = 0; i < MEMBERS; i++)
        if (room->board->members[i].asleep) {
            room->board->members[i].asleep = false;
            room->backend->wake(room, NEWS + i);
        }
}

void ring_wake_writers(struct room *room)
{
    for (int i = 0; i < MEMBERS; i++)
        if (room->board->members[i].blocked) {
            room->board->members[i].blocked = false;
            room->backend->wake(room, SPACE + i);
        }
}

bool ring_put(struct room *room, int from, const struct iovec *parts, int count)
{
    struct board *board = room->board;
    struct record record = {.from = from};
    uint64_t at = board->head + sizeof(record);

    for (int i = 0; i < count; i++)
        record.size += (int)parts[i].iov_len;
    if (at + (size_t)record.size - oldest_unread(board) > RING)
        return false;
    copy_in(board, board->head, &record, sizeof(record));
    for (int i = 0; i < count; at += parts[i++].iov_len)
        copy_in(board, at, parts[i].iov_base, parts[i].iov_len);
    board->head = at; /* from here on it is there */
    return true;
}

size_t ring_take(struct room *room, char *buf, size_t size)
{
    struct board *board = room->board;
    struct member *me = &board->members[room->me];
    uint64_t next = me->next;
    struct record record;
    size_t n = 0;

    while (next < board->head) {
        copy_out(board, next, &record, sizeof(record));
        if (record.from != room->me && n + (size_t)record.size > size)
            break;
        next += sizeof(record);
        if (record.from != room->me) {
            for (int i = 0; i < record.size; i++)
                buf[n + (size_t)i] = board->ring[(next + (size_t)i) % RING];
            n += (size_t)record.size;
        }
        next += (size_t)record.size;
    }
    if (next != me->next) {
        me->next = next;
        ring_wake_writers(room);
    }
    return n;
}
