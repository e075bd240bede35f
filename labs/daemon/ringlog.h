/*
 * ringlog.h - drill `ringlog`: a circular log in a mapped file
 *
 * What is written to a shared mapping belongs to the kernel: it survives the
 * process, at whatever instant that is killed. But then the last record may be
 * half written, and must be told from a whole one.
 *
 * see also: mmap(2), msync(2), ftruncate(2), TLPI 49
 */
#ifndef RINGLOG_H
#define RINGLOG_H

#include <stddef.h>
#include <stdint.h>

enum { RINGLOG_TEXT = 104 }; /* bytes of a text, with its zero byte */

struct ringlog {
    void *map;      /* the whole file */
    size_t bytes;   /* of it */
    unsigned slots; /* records that it holds at most */
    uint64_t next;  /* number of the next record */
};

/* Opens the log, or makes it with room for that many records. Records are
 * numbered from 1; the numbers go on where the log has ended. No descriptor
 * stays open.
 * Returns 0, or -1 with errno: EINVAL for 0 slots, and for a file that is not a
 * log of so many slots. */
int ringlog_open(struct ringlog *log, const char *path, unsigned slots);

/* Adds a record, over the oldest one if there is no room; a text that is too
 * long is cut. Makes no system call.
 * If the process is killed in the middle, all other records are still whole. */
void ringlog_append(struct ringlog *log, const char *text);

/* Calls each for every whole record, oldest first; what is half written is as
 * if it were not there. Returns how many there were. */
unsigned ringlog_read(const struct ringlog *log,
                      void (*each)(void *arg, uint64_t number,
                                   const char *text),
                      void *arg);

/* Returns when everything is on the disk, and not only in the kernel: 0, or -1
 * with errno. */
int ringlog_sync(struct ringlog *log);

/* Unmaps the log. Returns 0, or -1 with errno. */
int ringlog_close(struct ringlog *log);

#endif
