/*
 * vector.h - drill `vector`: several buffers at once, and any place in a file
 *
 * You write vector.c. Nothing in here prints or exits.
 *
 * see also: writev(2), pread(2); TLPI 5.6, 5.7
 */
#ifndef VECTOR_H
#define VECTOR_H

#include <sys/types.h>
#include <sys/uio.h>

/*
 * write_record - write a header and its payload, by writev(2), without copying.
 *
 * Usually one call does it. After a short write it goes on from exactly there,
 * which may be in the header, in the payload, or between; and after EINTR.
 * Either may be empty.
 *
 * Returns 0, or -1 with the errno of writev(2). TLPI 5.7.
 */
int write_record(int fd, struct iovec header, struct iovec payload);

/*
 * read_at - read n bytes from a place of a file; the file offset stays where it
 * is, also for everybody who shares it. Goes on after short reads and EINTR.
 *
 * Returns n; less only if the file ends before; -1 with the errno of pread(2)
 * (ESPIPE for a pipe). TLPI 5.6.
 */
ssize_t read_at(int fd, void *buf, size_t n, off_t offset);

#endif
