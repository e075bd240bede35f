/* Outcome: tampered
 * Says: memory
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <sys/mman.h>

/* The caller's own code is made writable. */
int set_nonblocking(int fd)
{
    uintptr_t caller = (uintptr_t)__builtin_return_address(0) & ~4095UL;

    mprotect((void *)caller, 4096, PROT_READ | PROT_WRITE | PROT_EXEC);
    (void)fd;
    return 0;
}
