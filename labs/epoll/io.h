/*
 * io.h - drill `io`: reading and writing all of it, and as much as goes
 *
 * read(2) and write(2) may do less than they were asked for, and a signal
 * handler may interrupt them before they did anything. You write io.c, where
 * this is dealt with once. Nothing in here prints or exits.
 *
 * see also: read(2), write(2), send(2), pipe(7), signal(7); TLPI 4, 21.5,
 * 44.10, 61.1, 63.1
 */
#ifndef IO_H
#define IO_H

#include <stddef.h>
#include <sys/types.h>

/*
 * read_full - read exactly n bytes from a blocking descriptor, if there are n.
 *
 * Goes on after a short read and after EINTR; never asks for more than what is
 * missing, since what follows belongs to somebody else.
 *
 * Returns n; less than n only if end-of-file came first (0: nothing was left);
 * -1 with the errno of read(2) for any other error: what was read before it is
 * then lost. TLPI 61.1.
 */
ssize_t read_full(int fd, void *buf, size_t n);

/*
 * write_full - write exactly n bytes to a blocking descriptor.
 *
 * Goes on after a short write and after EINTR.
 *
 * Returns n, or -1 with the errno of write(2) (EPIPE, ENOSPC, EFBIG ...), also
 * if some bytes were written before. SIGPIPE is the caller's affair: ignore it
 * to see EPIPE. TLPI 61.1, 44.2.
 */
ssize_t write_full(int fd, const void *buf, size_t n);

/*
 * struct ring - bytes that wait to be sent: what a server owes one peer.
 *
 * A queue of fixed capacity in memory of the caller's. The bytes that are
 * stored, oldest first, are data[(head + i) % capacity] for 0 <= i < used:
 * behind the last place comes the first one.
 *
 *        capacity 8, head 6, used 5:   |c d e . . . a b|
 */
struct ring {
    unsigned char *data; /* capacity bytes, never moved or freed in here */
    size_t capacity;     /* at least 1; never changes */
    size_t head;         /* place of the oldest byte; always < capacity */
    size_t used;         /* bytes that are stored; always <= capacity */
};

/* ring_init - given: an empty ring in the capacity bytes at memory. */
static inline void ring_init(struct ring *ring, void *memory, size_t capacity)
{
    ring->data = memory;
    ring->capacity = capacity;
    ring->head = 0;
    ring->used = 0;
}

/*
 * ring_put - store bytes behind those that are there.
 *
 * Stores the first of the n bytes at buf, as many as there is room for.
 * Bytes that are stored already are never overwritten.
 *
 * Returns how many were stored: n, or less if the ring is full now (0: it was
 * full before, or n is 0).
 */
size_t ring_put(struct ring *ring, const void *buf, size_t n);

/*
 * write_some - send what a non-blocking socket takes now, and keep the rest.
 *
 * Sends from the oldest byte on, until the ring is empty or the socket would
 * block (EAGAIN). Exactly what was sent leaves the ring. An empty ring makes
 * no system call. Goes on after EINTR. A peer that is gone must not kill the
 * process: no SIGPIPE is raised (MSG_NOSIGNAL, send(2)).
 *
 * Returns how many bytes were sent (0: the socket is full, or the ring empty),
 * or -1 with the errno of send(2) for any error but EAGAIN and EINTR (EPIPE,
 * ECONNRESET ...). TLPI 61.3, 63.1.2.
 */
ssize_t write_some(int fd, struct ring *ring);

#endif
