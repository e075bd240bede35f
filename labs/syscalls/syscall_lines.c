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
    /* TODO(project): 7. move what is not yet used to the front, double the
     * buffer if it is full (realloc(3)), and read(2) once behind it. Any line
     * may be longer than the buffer. What does EINTR mean? */
    (void)r;
    errno = ENOSYS;
    return -1;
}

/* The next line as a string that lives until the next call; 1, 0, -1. */
int next_line(struct reader *r, char **line)
{
    /* TODO(project): 8. as long as there is no '\n' in what is not yet used,
     * read more. Put '\0' in its place; the next line starts behind it. */
    (void)r, (void)line;
    errno = ENOSYS;
    return -1;
}

/* Behind the parenthesis that closes the arguments; NULL: there is none. */
static const char *after_arguments(const char *p, int depth)
{
    /* TODO(project): 9. go through the line from the left. Inside a string
     * nothing counts but its end, and a backslash takes the character behind
     * it with it; outside, parentheses open and close. strace(1) at -x. */
    (void)p, (void)depth;
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
    /* TODO(project): 10. what does strace print for a call that has failed, and
     * what for one that a signal has interrupted? */
    (void)result;
    return false;
}
