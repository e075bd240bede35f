/*
 * secret.h - drill `secret`: memory for a key
 *
 * see also: mmap(2), mlock(2), mprotect(2), madvise(2) on MADV_DONTDUMP,
 * explicit_bzero(3), TLPI 49, 50
 */
#ifndef SECRET_H
#define SECRET_H

#include <stddef.h>

struct secret {
    unsigned char *data; /* size bytes; data[size] is inaccessible */
    size_t size;
    void *map; /* guard, pages of data, guard */
    size_t mapped;
};

/* Gives memory for a secret, zeroed and writable, that
 *   - is never written to swap (locked),
 *   - is left out of core dumps,
 *   - ends right before a page that is inaccessible, and whose first page has
 *     such a page in front.
 * Returns 0, or -1 with errno (EINVAL for size 0); nothing is mapped then. */
int secret_open(struct secret *secret, size_t size);

/* From now on, writing to it ends the process; reading is allowed. */
int secret_seal(struct secret *secret);

/* From now on it can be written to. */
int secret_unseal(struct secret *secret);

/* Wipes the secret, sealed or not, and unmaps everything. Returns 0, or -1 with
 * errno; it is wiped in any case. */
int secret_close(struct secret *secret);

#endif
