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

#include <errno.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>

static struct {
    long long blocks;
    ino_t *seen; /* files with several names: one device only (FTW_MOUNT) */
    size_t count, room;
} sum;

/* Returns 1 if the inode was seen before, else remembers it: 0, or -1. */
static int seen(ino_t inode)
{
    /* TODO(usage): remember the inode; 1 if it was known, -1 without memory. */
    (void)inode;
    return -1;
}

static int add(const char *path, const struct stat *st, int type,
               struct FTW *place)
{
    /* TODO(usage): count st->st_blocks, but not twice for the same file. Which
     * types have no stat? */
    (void)path, (void)st, (void)type, (void)place, (void)seen;
    return 0;
}

long long usage(const char *path)
{
    /* TODO(usage): nftw(3). Which flags keep it from following links, and on
     * one file system? */
    (void)path, (void)add, (void)sum;
    errno = ENOSYS;
    return -1;
}
