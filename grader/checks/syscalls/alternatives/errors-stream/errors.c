/* errors - puts the message together piece by piece; die writes by write(2) */
#define _GNU_SOURCE
#include "errors.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static size_t add(char *buf, size_t size, size_t at, const char *text)
{
    for (; *text != '\0'; text++, at++)
        if (at + 1 < size)
            buf[at] = *text;
    return at;
}

int format_error(char *buf, size_t size, const char *what, int err)
{
    int saved = errno;
    const char *name = strerrorname_np(err);
    size_t n = add(buf, size, 0, what);

    n = add(buf, size, n, ": ");
    n = add(buf, size, n, strerror(err));
    if (name != NULL) {
        n = add(buf, size, n, " (");
        n = add(buf, size, n, name);
        n = add(buf, size, n, ")");
    }
    if (size > 0)
        buf[n < size ? n : size - 1] = '\0';
    errno = saved;
    return (int)n;
}

_Noreturn void die(const char *what)
{
    int error = errno;
    size_t room = strlen(what) + 500, n;
    char *line = malloc(room);

    if (line != NULL) {
        n = add(line, room, 0, program_invocation_short_name);
        n = add(line, room, n, ": ");
        n += (size_t)format_error(line + n, room - n, what, error);
        line[n++] = '\n';
        if (write(2, line, n) == -1)
            _exit(1);
    }
    _exit(1);
}
