/*
 * raw.c - drill `raw`: system calls without the C library
 *
 * see also: raw.h (the contract), syscall(2)
 */
#include "raw.h"

#include <errno.h> /* the numbers; not the variable */
#include <sys/syscall.h>

long raw_write(int fd, const void *buf, size_t n)
{
    /* TODO(raw): raw_write. SYS_write, three arguments, one instruction: an asm
     * statement whose constraints put everything in its register. */
    (void)fd, (void)buf, (void)n;
    return -ENOSYS;
}

pid_t raw_getpid(void)
{
    /* TODO(raw): raw_getpid. The same with SYS_getpid and no argument. */
    return -ENOSYS;
}
