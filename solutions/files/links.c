/*
 * links.c - drill `links`: where a link leads, and what is the same file
 *
 * see also: links.h (the contract), readlink(2), stat(2), path_resolution(7)
 */
#include "links.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Replaces what is behind the last slash of path by target, or all of it. */
static int follow(char *path, size_t size, const char *target, size_t len)
{
    char *slash = *target == '/' ? NULL : strrchr(path, '/');
    char *place = slash == NULL ? path : slash + 1;

    if ((size_t)(place - path) + len >= size) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(place, target, len);
    place[len] = '\0';
    return 0;
}

ssize_t resolve_link(const char *path, char *buf, size_t size)
{
    char target[PATH_MAX];
    struct stat st;

    if (size == 0 || strlen(path) >= size) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(buf, path);
    for (int links = 0; links <= MOST_LINKS; links++) {
        ssize_t len;

        if (lstat(buf, &st) == -1)
            return -1;
        if (!S_ISLNK(st.st_mode))
            return (ssize_t)strlen(buf);
        len = readlink(buf, target, sizeof target); /* no NUL behind it */
        if (len == -1 || follow(buf, size, target, (size_t)len) == -1)
            return -1;
    }
    errno = ELOOP;
    return -1;
}

int same_file(const char *a, const char *b)
{
    struct stat one, other;

    if (stat(a, &one) == -1 || stat(b, &other) == -1)
        return -1;
    return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}
