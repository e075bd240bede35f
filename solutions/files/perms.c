/*
 * perms.c - drill `perms`: modes as letters, private files, effective IDs
 *
 * see also: perms.h (the contract), inode(7), open(2), fchmod(2), access(2)
 */
#define _GNU_SOURCE /* AT_EACCESS */
#include "perms.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void mode_string(mode_t mode, char string[11])
{
    static const char types[] = "?pc?d?b?-?l?s???";

    strcpy(string, "?rwxrwxrwx");
    string[0] = types[(mode & S_IFMT) >> 12]; /* a number, no bit mask */
    for (int i = 0; i < 9; i++)
        if ((mode & (0400 >> i)) == 0)
            string[1 + i] = '-';
    if (mode & S_ISUID)
        string[3] = mode & S_IXUSR ? 's' : 'S';
    if (mode & S_ISGID)
        string[6] = mode & S_IXGRP ? 's' : 'S';
    if (mode & S_ISVTX)
        string[9] = mode & S_IXOTH ? 't' : 'T';
}

/* The umask can only take bits away: open gives no more than 0600, and fchmod
 * gives back what the umask took. */
int create_private(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    int error;

    if (fd == -1 || fchmod(fd, 0600) == 0)
        return fd;
    error = errno;
    close(fd);
    unlink(path);
    errno = error;
    return -1;
}

int may_access(const char *path, int mode)
{
    return faccessat(AT_FDCWD, path, mode, AT_EACCESS);
}
