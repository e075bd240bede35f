/*
 * errors.c - drill `errors`: say what went wrong, and change nothing by it
 *
 * see also: errors.h (the contract), strerror(3), errno(3), _exit(2)
 */
#define _GNU_SOURCE /* strerrorname_np, program_invocation_short_name */
#include "errors.h"

#include <errno.h>
#include <unistd.h>

int format_error(char *buf, size_t size, const char *what, int err)
{
    /* TODO(errors): format_error. strerrorname_np(3) gives NULL for a number
     * that has no name; one snprintf(3) minds the size. errno stays. */
    (void)what, (void)err;
    if (size > 0)
        buf[0] = '\0';
    errno = ENOSYS;
    return -1;
}

_Noreturn void die(const char *what)
{
    /* TODO(errors): die. Keep errno first; one line to descriptor 2; then end
     * as _exit(2) does. */
    (void)what;
    _exit(2);
}
