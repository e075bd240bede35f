/* see also: ringlog.h (the contract), mmap(2), msync(2), TLPI 49 */
#include "ringlog.h"

#include <errno.h>

/* TODO(ringlog): what a record is: its number, a sum over all of it, its text.
 * TODO(ringlog): open(2), fstat(2), ftruncate(2) for a new file, mmap(2),
 * close(2); then look for the last whole record. */
int ringlog_open(struct ringlog *log, const char *path, unsigned slots)
{
    (void)log, (void)path, (void)slots;
    errno = ENOSYS;
    return -1;
}

/* TODO(ringlog): in which order are the parts of a record stored, so that a half
 * one is never taken for a whole one? */
void ringlog_append(struct ringlog *log, const char *text)
{
    (void)log, (void)text;
}

/* TODO(ringlog): from the oldest number that can be there to the newest. */
unsigned ringlog_read(const struct ringlog *log,
                      void (*each)(void *arg, uint64_t number,
                                   const char *text),
                      void *arg)
{
    (void)log, (void)each, (void)arg;
    return 0;
}

/* TODO(ringlog): msync(2). MS_SYNC or MS_ASYNC? */
int ringlog_sync(struct ringlog *log)
{
    (void)log;
    errno = ENOSYS;
    return -1;
}

/* TODO(ringlog): munmap(2). */
int ringlog_close(struct ringlog *log)
{
    (void)log;
    errno = ENOSYS;
    return -1;
}
