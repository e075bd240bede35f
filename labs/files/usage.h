/*
 * usage.h - drill `usage`: how much of a disk a tree takes
 *
 * You write usage.c, with nftw(3). Nothing in here prints or exits.
 *
 * see also: nftw(3), inode(7), du(1); TLPI 18.9, 15.1
 */
#ifndef USAGE_H
#define USAGE_H

/*
 * usage - bytes of disk that a tree takes: 512 times the sum of st_blocks.
 *
 * Everything counts, the folder `path` itself too. A file with several names in
 * the tree counts once. Symbolic links count as what they are and are not
 * followed. What lies on another file system, a mount point with all below it,
 * does not count. What cannot be read is passed over. May be called again.
 *
 * Returns the bytes, or -1 with errno if `path` itself cannot be looked at.
 * TLPI 18.9.
 */
long long usage(const char *path);

#endif
