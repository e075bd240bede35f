/* see also: secret.h (the contract), mlock(2), mprotect(2), TLPI 49, 50 */
#include "secret.h"

#include <errno.h>

/* TODO(secret): one mmap(2) with PROT_NONE for guard, data, guard; mprotect(2)
 * for what is between; madvise(2), mlock(2). Where in its pages does the data
 * lie, so that data[size] is in the guard? */
int secret_open(struct secret *secret, size_t size)
{
    (void)secret, (void)size;
    errno = ENOSYS;
    return -1;
}

/* TODO(secret): mprotect(2) of whole pages. */
int secret_seal(struct secret *secret)
{
    (void)secret;
    errno = ENOSYS;
    return -1;
}

int secret_unseal(struct secret *secret)
{
    (void)secret;
    errno = ENOSYS;
    return -1;
}

/* TODO(secret): explicit_bzero(3), munmap(2). May a sealed one be written to? */
int secret_close(struct secret *secret)
{
    (void)secret;
    errno = ENOSYS;
    return -1;
}
