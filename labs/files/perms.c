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
    /* TODO(perms): the type, nine bits, and three that change a letter. */
    (void)mode;
    strcpy(string, "??????????");
}

/* The umask can only take bits away: open gives no more than 0600, and fchmod
 * gives back what the umask took. */
int create_private(const char *path)
{
    /* TODO(perms): how does the file come into the world with 0600 at the most,
     * and who gives back what the umask took? */
    (void)path;
    errno = ENOSYS;
    return -1;
}

int may_access(const char *path, int mode)
{
    /* TODO(perms): for which IDs does each of access(2) and faccessat(2) ask? */
    (void)path, (void)mode;
    errno = ENOSYS;
    return -1;
}
