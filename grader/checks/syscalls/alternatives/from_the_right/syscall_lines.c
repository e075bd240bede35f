/* syscall_lines - lines of any length by memory of any size, and a look from
 * the right: the last `) = ` of a whole line is strace's own, since whatever
 * the command wrote stands in a string before it */
#include "syscall_inspect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int fill_reader(struct reader *r)
{
    ssize_t n;

    if (r->start > 0 && r->start == r->end)
        r->start = r->end = 0;
    if (r->size - r->end < 4096) {
        char *larger = malloc(r->end - r->start + 65536);

        if (larger == NULL)
            return -1;
        memcpy(larger, r->buf + r->start, r->end - r->start);
        free(r->buf);
        r->buf = larger;
        r->end -= r->start;
        r->start = 0;
        r->size = r->end + 65536;
    }
    while ((n = read(r->fd, r->buf + r->end, r->size - r->end)) == -1)
        if (errno != EINTR)
            return -1;
    r->end += (size_t)n;
    return n > 0;
}

int next_line(struct reader *r, char **line)
{
    size_t i = r->start;

    for (;;) {
        for (; i < r->end; i++)
            if (r->buf[i] == '\n') {
                r->buf[i] = '\0';
                *line = r->buf + r->start;
                r->start = i + 1;
                return 1;
            }
        size_t seen = i - r->start;
        int more = fill_reader(r);

        if (more != 1)
            return more;
        i = r->start + seen;
    }
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);

    return n >= m && strcmp(text + n - m, end) == 0;
}

const char *result_of(const char *p, int depth)
{
    (void)depth;
    if (ends_with(p, "<unfinished ...>") || *p == '\0')
        return NULL;
    for (const char *q = p + strlen(p) - 1; q > p; q--)
        if (q[0] == '=' && q[1] == ' ' && q[-1] == ' ') {
            const char *before = q - 1;

            while (before > p && *before == ' ')
                before--;
            if (*before == ')')
                return q + 2;
        }
    return NULL;
}

bool is_error(const char *result)
{
    result += *result == '-';
    result += strspn(result, "1?");
    return result[0] == ' ' && result[1] == 'E';
}
