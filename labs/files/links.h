/*
 * links.h - drill `links`: symbolic and hard links
 *
 * You write links.c. Nothing in here prints or exits.
 *
 * see also: readlink(2), symlink(7), stat(2); TLPI 18.1, 18.2, 18.5
 */
#ifndef LINKS_H
#define LINKS_H

#include <sys/types.h>

enum { MOST_LINKS = 40 }; /* that the kernel follows, see symlink(7) */

/*
 * resolve_link - follow a symbolic link to what is no symbolic link.
 *
 * Only the last part of the path is followed, as often as it is a link; a
 * target that does not begin with a slash is meant from the folder of its link:
 * `a/b -> c` leads to `a/c`. A path that is no link is its own answer. Without
 * realpath(3), whose answer is another one.
 *
 * Writes the path, with a NUL, to buf, which has size bytes; returns its
 * length, or -1: ELOOP after MOST_LINKS links, ENAMETOOLONG if a path does not
 * fit in buf, or the errno of lstat(2) (ENOENT: a dangling link). TLPI 18.5.
 */
ssize_t resolve_link(const char *path, char *buf, size_t size);

/*
 * same_file - do two paths lead to the same file, through links or not?
 *
 * Returns 1 or 0, or -1 with the errno of stat(2). TLPI 15.1.
 */
int same_file(const char *a, const char *b);

#endif
