/* syscall_lines - the lines that strace(1) writes: reading them from a pipe as
 * they come, and finding where in one the arguments end
 *
 * Text of the command's own stands in strings, whose quotes strace escapes: a
 * scan from the left that knows strings finds the parenthesis that closes the
 * arguments; a search for ") = " from either side does not.
 */
#include "syscall_inspect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Makes room and reads more. 1, 0 at the end, -1. */
int fill_reader(struct reader *r)
{
    ssize_t n;

    memmove(r->buf, r->buf + r->start, r->end - r->start);
    r->end -= r->start;
    r->start = 0;
    if (r->end == r->size) {
        char *more = realloc(r->buf, r->size * 2);

        if (more == NULL)
            return -1;
        r->buf = more;
        r->size *= 2;
    }
    do
        n = read(r->fd, r->buf + r->end, r->size - r->end);
    while (n == -1 && errno == EINTR);
    r->end += n > 0 ? (size_t)n : 0;
    return n > 0 ? 1 : (int)n;
}

/* The next line as a string that lives until the next call; 1, 0, -1. */
int next_line(struct reader *r, char **line)
{
    char *newline;
    int more;

    while ((newline = memchr(r->buf + r->start, '\n', r->end - r->start)) ==
           NULL)
        if ((more = fill_reader(r)) != 1)
            return more;
    *newline = '\0';
    *line = r->buf + r->start;
    r->start = (size_t)(newline - r->buf) + 1;
    return 1;
}

/* Behind the parenthesis that closes the arguments; NULL: there is none. */
static const char *after_arguments(const char *p, int depth)
{
    for (; *p != '\0'; p++) {
        if (*p == '"')
            while (*++p != '"' && *p != '\0')
                p += *p == '\\' && p[1] != '\0';
        if (*p == '\0')
            break;
        depth += *p == '(';
        if (*p == ')' && --depth == 0)
            return p + 1;
    }
    return NULL;
}

/* What stands behind `= `, or NULL. */
const char *result_of(const char *p, int depth)
{
    p = after_arguments(p, depth);
    if (p == NULL)
        return NULL;
    p += strspn(p, " ");
    return p[0] == '=' && p[1] == ' ' ? p + 2 : NULL;
}

/* "-1 ENOENT (No such file or directory)", also "? ERESTARTSYS (To be ...)" */
bool is_error(const char *result)
{
    return strncmp(result, "-1 E", 4) == 0 || strncmp(result, "? E", 3) == 0;
}
