/*
 * bare - the system calls of a walk and nothing else: it prints nothing
 *
 * usage: bare DIR
 *
 * One getdents64 for many entries, one statx for each, one openat for each
 * directory. A walker has to do that much; what it needs more is its own cost.
 *
 * see also: getdents(2), statx(2)
 */
#define _GNU_SOURCE /* statx, getdents64 */
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER = 32 * 1024, WANTED = STATX_BASIC_STATS };

static void walk(int at, const char *name);

static void visit(int dir, const struct dirent64 *entry)
{
    struct statx st;

    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
        return;
    if (statx(dir, entry->d_name, AT_SYMLINK_NOFOLLOW, WANTED, &st) == -1)
        err(1, "%s", entry->d_name);
    if (S_ISDIR(st.stx_mode))
        walk(dir, entry->d_name);
}

static void walk(int at, const char *name)
{
    int dir = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    char *buffer = malloc(BUFFER);
    ssize_t n;

    if (dir == -1 || buffer == NULL)
        err(1, "%s", name);
    while ((n = getdents64(dir, buffer, BUFFER)) > 0)
        for (ssize_t i = 0; i < n;) {
            struct dirent64 *entry = (struct dirent64 *)(buffer + i);
            visit(dir, entry);
            i += entry->d_reclen;
        }
    if (n == -1)
        err(1, "%s", name);
    free(buffer);
    close(dir);
}

int main(int argc, char *argv[])
{
    if (argc != 2)
        errx(2, "usage: bare DIR");
    walk(AT_FDCWD, argv[1]);
    return 0;
}
