/* Everything writable first, then the guards are taken away; wiped by hand. */
#define _GNU_SOURCE
#include "secret.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>

enum { PAGE = 4096 };

static size_t middle(const struct secret *s)
{
    return s->mapped - 2 * PAGE;
}

int secret_open(struct secret *s, size_t size)
{
    char *base;

    if (size < 1) {
        errno = EINVAL;
        return -1;
    }
    s->mapped = (size + PAGE - 1) / PAGE * PAGE + 2 * PAGE;
    base = mmap(NULL, s->mapped, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED)
        return -1;
    s->map = base;
    s->size = size;
    s->data = (unsigned char *)base + s->mapped - PAGE - size;
    if (mprotect(base, PAGE, PROT_NONE) == 0 &&
        mprotect(base + s->mapped - PAGE, PAGE, PROT_NONE) == 0 &&
        mlock(base + PAGE, middle(s)) == 0 &&
        madvise(base + PAGE, middle(s), MADV_DONTDUMP) == 0)
        return 0;
    int error = errno;
    munmap(base, s->mapped);
    errno = error;
    return -1;
}

int secret_seal(struct secret *s)
{
    return mprotect((char *)s->map + PAGE, middle(s), PROT_READ);
}

int secret_unseal(struct secret *s)
{
    return mprotect((char *)s->map + PAGE, middle(s), PROT_READ | PROT_WRITE);
}

int secret_close(struct secret *s)
{
    volatile unsigned char *byte = (unsigned char *)s->map + PAGE;

    if (secret_unseal(s) != 0)
        return -1;
    for (size_t i = 0; i < middle(s); i++)
        byte[i] = 0;
    return munmap(s->map, s->mapped);
}
