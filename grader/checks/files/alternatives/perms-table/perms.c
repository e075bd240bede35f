/* Another way: tables and a switch; a umask for the moment of open. */
#define _GNU_SOURCE
#include "perms.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char type(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFREG:
        return '-';
    case S_IFDIR:
        return 'd';
    case S_IFLNK:
        return 'l';
    case S_IFIFO:
        return 'p';
    case S_IFSOCK:
        return 's';
    case S_IFCHR:
        return 'c';
    case S_IFBLK:
        return 'b';
    }
    return '?';
}

void mode_string(mode_t mode, char string[11])
{
    static const char *three[] = {"---", "--x", "-w-", "-wx",
                                  "r--", "r-x", "rw-", "rwx"};

    snprintf(string, 11, "%c%s%s%s", type(mode), three[mode >> 6 & 7],
             three[mode >> 3 & 7], three[mode & 7]);
    for (int i = 0; i < 3; i++)
        if (mode & (04000 >> i)) {
            char *x = string + 3 + 3 * i;

            *x = "SsTt"[2 * (i == 2) + (*x == 'x')];
        }
}

int create_private(const char *path)
{
    mode_t old = umask(0177);
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    umask(old);
    return fd;
}

int may_access(const char *path, int mode)
{
    return faccessat(AT_FDCWD, path, mode, AT_EACCESS);
}
