/*
 * io.c - drill `io`: short reads and writes, EINTR, a ring of unsent bytes
 *
 * see also: io.h (the contract), read(2), write(2), send(2), signal(7)
 */
#include "io.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * TODO(io): read_full. How many bytes are still missing after each read(2),
 * and where do the next ones go? What does a result of 0 mean, what EINTR?
 */
ssize_t read_full(int fd, void *buf, size_t n)
{
    (void)fd, (void)buf, (void)n;
    errno = ENOSYS;
    return -1;
}

/*
 * TODO(io): write_full. The same for write(2), which has no end-of-file.
 */
ssize_t write_full(int fd, const void *buf, size_t n)
{
    (void)fd, (void)buf, (void)n;
    errno = ENOSYS;
    return -1;
}

/*
 * TODO(io): ring_put. Two pieces at the most: up to the end of the memory,
 * and the rest from its beginning. memcpy(3).
 */
size_t ring_put(struct ring *ring, const void *buf, size_t n)
{
    (void)ring, (void)buf, (void)n;
    errno = ENOSYS;
    return (size_t)-1;
}

/*
 * TODO(io): write_some. send(2) one piece after the other; after each, move
 * head and used by what was really sent.
 */
ssize_t write_some(int fd, struct ring *ring)
{
    (void)fd, (void)ring;
    errno = ENOSYS;
    return -1;
}
