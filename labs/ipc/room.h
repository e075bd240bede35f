/* room.h - a room: processes that talk through shared memory (given)
 *
 *   chat.c          the loop: keyboard, signals, a thread for the room
 *   room.c          join, send, receive, leave
 *   room_members.c  places, news of coming and going, the dead
 *   room_ring.c     messages in a ring of bytes
 *   room_posix.c, room_sysv.c  objects, lock, sleep and wake-up, who lives
 *
 * Functions return -1 with errno and end no process. All text lies in `struct
 * board`, which all members map. Whoever reads or changes the board holds the
 * lock; a member may be killed at any moment, also while it holds the lock.
 *
 * see also: shm_overview(7), sem_overview(7), sysvipc(7); TLPI 45-48, 53-54
 */
#ifndef ROOM_H
#define ROOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h> /* struct iovec */

enum {
    MEMBERS = 16,      /* in one room */
    NAME_SIZE = 32,    /* of a room or a member, with the final zero */
    LINE_LIMIT = 4096, /* bytes of a line, without its end */
    RING = 1 << 16,    /* bytes; a power of two */
    TICK_MS = 600,     /* how long a wait lasts at most */
};

enum state {
    FREE,    /* nobody: all zero bytes are an empty room */
    PRESENT, /* may be dead, see `living` */
    GONE,    /* has left or died, which has not been announced yet */
};

struct member {
    _Atomic int state;
    char name[NAME_SIZE];
    _Atomic bool told;     /* the others have been told that it joined */
    _Atomic uint64_t next; /* what it reads next, see head */
    bool asleep;           /* waits for something to read */
    bool blocked;          /* waits for space in the ring */
};

/* Positions only grow; position p is byte p % RING. What lies between the
 * slowest member's next and head is unread, the rest is free. A record counts
 * once head has passed it: until then nobody is told of it. */
struct board {
    _Atomic uint64_t head;
    struct member members[MEMBERS];
    char ring[RING];
};

struct room {
    const struct backend *backend;
    const char *name;
    int me; /* our place among the members */
    struct board *board;
    void *shared; /* whatever else the back end keeps in shared memory */
    int object;   /* its descriptor or identifier */
    int semaphores;
    int64_t next_watch; /* when to look for the dead again, ms */
    _Atomic bool left;  /* our place may be somebody else's by now */
};

/* Each member has two semaphores: NEWS + me, for something to read, and
 * SPACE + me, for space in the ring. */
enum { NEWS = 0, SPACE = MEMBERS, SEMAPHORES = 2 * MEMBERS };

struct backend {
    /* Find the room's objects or make them, mode 0600 whatever the umask is,
     * and return with the lock held. What a crash has left behind is usable.
     * However many do this at once, they meet in one room. */
    int (*open)(struct room *room);
    /* A lock that a killed member does not keep. */
    int (*lock)(struct room *room);
    void (*unlock)(struct room *room);
    /* Sleep until the semaphore is woken (true), at most TICK_MS (false). A
     * wake-up is not lost when nobody sleeps yet. */
    bool (*wait)(struct room *room, int semaphore);
    void (*wake)(struct room *room, int semaphore);
    /* Live from now on, or no longer; the kernel ends it when we die. A
     * stopped process lives. living: a bit for each member who does; this
     * needs no lock. */
    int (*live)(struct room *room, bool on);
    unsigned (*living)(struct room *room);
    /* The last one removes every object; called with the lock held. */
    void (*remove)(struct room *room);
    /* Undo `open`: the lock, if it is still held, and the memory. */
    void (*close)(struct room *room, bool locked);
};

extern const struct backend posix_backend, sysv_backend;

/* Append one record made of several parts; false if there is no space for it.
 * `from` is a member's place. */
bool ring_put(struct room *room, int from, const struct iovec *parts,
              int count);

/* Copy into buf what others have put, as many whole records as fit, pass over
 * our own, and wake writers if that has freed space. Returns bytes. */
size_t ring_take(struct room *room, char *buf, size_t size);

/* Let all look again who sleep until there is something to read, or space. */
void ring_wake_readers(struct room *room);
void ring_wake_writers(struct room *room);

/* Take a place for `name`; a room without anybody alive is made new first.
 * EEXIST, EUSERS. */
int members_enter(struct room *room, const char *name);
int members_present(const struct board *board);

/* Tell of who came or went, if there is space now; true if `who` has been
 * announced. Until then it says nothing. */
bool members_tell(struct room *room, int who);

/* Mark the dead as GONE and tell of all who are; watch: once in a tick. */
void members_bury(struct room *room);
void members_watch(struct room *room);

/* Without the lock, at little cost: is there nothing to bury or to tell? */
bool members_all_is_well(struct room *room);

/* Enter the room as `name`. EEXIST: a living member has that name; EUSERS: the
 * room is full; ENAMETOOLONG. The others are told "* NAME joined". */
int room_join(struct room *room, const struct backend *backend,
              const char *room_name, const char *name);

/* Send whole lines with their ends, each at most LINE_LIMIT + 1 bytes, to all
 * the others: as many as there is space for now. Returns bytes; 0 if the
 * slowest member left no space for a while: try again. */
ssize_t room_send(struct room *room, const char *lines, size_t n);

/* Take what the others have sent, whole lines with their ends, as many as fit
 * into size (at least RING). 0: nothing yet, try again. */
ssize_t room_receive(struct room *room, char *buf, size_t size);

/* Whether we have read everything up to this position. */
bool room_has_read(struct room *room, uint64_t position);

/* Let room_receive, if it sleeps in another thread, return. */
void room_nudge(struct room *room);

/* Leave; the others are told "* NAME left", the last one removes the room. In
 * other threads room_receive returns -1 (ESHUTDOWN) from then on. */
int room_leave(struct room *room);

#endif
