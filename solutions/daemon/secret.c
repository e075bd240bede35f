/* see also: secret.h (the contract), mlock(2), mprotect(2), TLPI 49, 50 */
#define _GNU_SOURCE /* explicit_bzero, MADV_DONTDUMP */
#include "secret.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* The pages between the guards. */
static unsigned char *inside(const struct secret *secret)
{
    return (unsigned char *)secret->map + page_size();
}

static size_t inside_bytes(const struct secret *secret)
{
    return secret->mapped - 2 * page_size();
}

static int prepare(struct secret *secret)
{
    if (mprotect(inside(secret), inside_bytes(secret),
                 PROT_READ | PROT_WRITE) == -1)
        return -1;
    if (madvise(inside(secret), inside_bytes(secret), MADV_DONTDUMP) == -1)
        return -1;
    return mlock(inside(secret), inside_bytes(secret));
}

/* All of it inaccessible at first: the guards stay so. The data lies at the end
 * of its pages, where one byte too many is in the guard. */
int secret_open(struct secret *secret, size_t size)
{
    size_t page = page_size(), pages = size / page + (size % page != 0);
    int saved;

    if (size == 0) {
        errno = EINVAL;
        return -1;
    }
    secret->size = size;
    secret->mapped = (pages + 2) * page;
    secret->map = mmap(NULL, secret->mapped, PROT_NONE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (secret->map == MAP_FAILED)
        return -1;
    if (prepare(secret) == -1) {
        saved = errno;
        munmap(secret->map, secret->mapped);
        errno = saved;
        return -1;
    }
    secret->data = inside(secret) + pages * page - size;
    return 0;
}

int secret_seal(struct secret *secret)
{
    return mprotect(inside(secret), inside_bytes(secret), PROT_READ);
}

int secret_unseal(struct secret *secret)
{
    return mprotect(inside(secret), inside_bytes(secret),
                    PROT_READ | PROT_WRITE);
}

/* explicit_bzero(3): a memset of memory that nobody reads afterwards is left
 * out by the compiler. */
int secret_close(struct secret *secret)
{
    if (secret_unseal(secret) == -1)
        return -1;
    explicit_bzero(secret->data, secret->size);
    secret->data = NULL;
    return munmap(secret->map, secret->mapped);
}
