/*
 * fdtable.h - drill `fdtable`: descriptors, and what they refer to
 *
 * A descriptor is a number in a table of the process; each entry refers to an
 * open file description, which holds offset and status flags, and several
 * entries may refer to the same one. You write fdtable.c. Nothing in here
 * prints or exits.
 *
 * see also: dup(2), fcntl(2), open(2); TLPI 5.4, 5.5
 */
#ifndef FDTABLE_H
#define FDTABLE_H

/*
 * dup_onto - what dup2(2) does, by fcntl(2) with F_DUPFD; without dup, dup2
 * and dup3.
 *
 * Makes `new` refer to what `old` refers to; what `new` referred to before is
 * closed. `new` is not close-on-exec then. If both are the same valid
 * descriptor nothing changes, not even that flag.
 *
 * Returns new, or -1 with errno EBADF if old is not open or new is no possible
 * descriptor (negative, or not below RLIMIT_NOFILE): nothing has changed then,
 * `new` least of all. TLPI 5.5.
 */
int dup_onto(int old, int new);

/*
 * same_description - do two descriptors refer to the same open file description?
 *
 * Works for every kind of file, and leaves offsets and flags as they were.
 *
 * Returns 1 or 0, or -1 with errno EBADF if one of them is not open. TLPI 5.4.
 */
int same_description(int a, int b);

#endif
