/*
 * atomic.h - drill `atomic`: what other processes cannot come between
 *
 * Two calls are two moments, and another process may act between them. You
 * write atomic.c, in which one call decides. Nothing in here prints or exits.
 *
 * see also: open(2), write(2); TLPI 5.1
 */
#ifndef ATOMIC_H
#define ATOMIC_H

#include <stddef.h>

/*
 * append_record - put n bytes at the end of a file, all of them together.
 *
 * However many processes do so at the same time, no record is lost, torn or
 * mixed with another. Makes the file (0644, less the umask) if there is none.
 *
 * Returns 0, or -1 with the errno of open(2) or write(2); ENOSPC if only a part
 * could be written. TLPI 5.1.
 */
int append_record(const char *path, const void *data, size_t n);

/*
 * claim - be the one process that makes a file.
 *
 * Returns 1 if this call made it, 0 if it was there already (whatever it is,
 * a dangling link too), or -1 with the errno of open(2). TLPI 5.1.
 */
int claim(const char *path);

#endif
