/* Outcome: pass
 * Says:
 */
/* Global helpers whose names are taken elsewhere, but nobody's in here. */
#include <sys/types.h>

extern char **environ;
char *index_of = "index";
const char *names[] = {"error", "warn", "main"};
int raise, optind_seen, cr_lf = 1, nn_count;
struct helper {
    int fd;
} helper;

int send_all(int fd)
{
    return fd;
}

int dup_fd(int fd)
{
    return fd;
}

char *index(const char *s, int c)
{
    while (*s != '\0' && *s != c)
        s++;
    return (char *)s;
}

void error(int status)
{
    helper.fd = status;
}

void warn(const char *text)
{
    (void)text;
}

int machine(void)
{
    return 0;
}

int accepted(int fd)
{
    return fd;
}

int set_nonblocking(int fd)
{
    error(raise + optind_seen + cr_lf + nn_count);
    warn(index(names[0], 'r'));
    return environ == 0 || machine() ? -1
                                     : right(accepted(dup_fd(send_all(fd))));
}
