/*
 * usage.c - drill `usage`: nftw, each inode once
 *
 * nftw(3) gives its function no place for data of the caller, so that they are
 * static: one walk at a time.
 *
 * see also: usage.h (the contract), nftw(3), inode(7)
 */
#define _GNU_SOURCE /* nftw */
#include "usage.h"

#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { DESCRIPTORS = 16 };

static struct {
    long long blocks;
    ino_t *seen; /* files with several names: one device only (FTW_MOUNT) */
    size_t count, room;
} sum;

/* Returns 1 if the inode was seen before, else remembers it: 0, or -1. */
static int seen(ino_t inode)
{
    for (size_t i = 0; i < sum.count; i++)
        if (sum.seen[i] == inode)
            return 1;
    if (sum.count == sum.room) {
        size_t room = 2 * sum.room + 64;
        ino_t *more = realloc(sum.seen, room * sizeof *more);

        if (more == NULL)
            return -1;
        sum.seen = more;
        sum.room = room;
    }
    sum.seen[sum.count++] = inode;
    return 0;
}

static int add(const char *path, const struct stat *st, int type,
               struct FTW *place)
{
    int known = 0;

    (void)path, (void)place;
    if (type == FTW_NS)
        return 0;
    if (!S_ISDIR(st->st_mode) && st->st_nlink > 1)
        known = seen(st->st_ino);
    if (known == 0)
        sum.blocks += st->st_blocks;
    return known == -1 ? -1 : 0;
}

long long usage(const char *path)
{
    struct stat st;
    int result;

    if (lstat(path, &st) == -1)
        return -1;
    sum.blocks = 0;
    sum.count = 0;
    result = nftw(path, add, DESCRIPTORS, FTW_PHYS | FTW_MOUNT);
    free(sum.seen);
    sum.seen = NULL;
    sum.room = 0;
    return result == 0 ? 512 * sum.blocks : -1;
}
