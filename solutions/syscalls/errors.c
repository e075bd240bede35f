/*
 * errors.c - drill `errors`: say what went wrong, and change nothing by it
 *
 * see also: errors.h (the contract), strerror(3), errno(3), _exit(2)
 */
#define _GNU_SOURCE /* strerrorname_np, program_invocation_short_name */
#include "errors.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int format_error(char *buf, size_t size, const char *what, int err)
{
    int saved = errno, n;
    const char *name = strerrorname_np(err);
    char unknown[64];
    const char *text = strerror_r(err, unknown, sizeof unknown);

    if (name != NULL)
        n = snprintf(buf, size, "%s: %s (%s)", what, text, name);
    else
        n = snprintf(buf, size, "%s: %s", what, text);
    errno = saved;
    return n;
}

_Noreturn void die(const char *what)
{
    char message[1024];
    int error = errno;

    format_error(message, sizeof message, what, error);
    /* dprintf(3) has no buffer that somebody else could flush. */
    dprintf(STDERR_FILENO, "%s: %s\n", program_invocation_short_name, message);
    _exit(1);
}
