/*
 * lockfile.h - drill `lockfile`: one process at a time, and whose lock it is
 *
 * see also: flock(2), fcntl(2) on F_SETLK, F_OFD_SETLK and F_GETLK, TLPI 55
 */
#ifndef LOCKFILE_H
#define LOCKFILE_H

#include <sys/types.h>

/* Makes the file if it is missing, locks it, and writes the process id and a
 * newline, which is then all of it. Returns the descriptor (close-on-exec) that
 * holds the lock.
 * The lock belongs to the open file, not to the process:
 *   - it stays when another descriptor of the same file is closed,
 *   - a child that inherits the descriptor holds it too; it ends when the last
 *     of these descriptors is closed.
 * Never waits. Returns -1 with EWOULDBLOCK if somebody else holds the lock (in
 * this process too), and does not touch the content then; with the errno of the
 * call that failed otherwise. No descriptor is left open then. */
int pidfile_acquire(const char *path);

/* Removes the file while it is still locked, then closes the descriptor.
 * Returns 0, or -1 with errno if the file could not be removed; the descriptor
 * is closed in any case. */
int pidfile_release(const char *path, int fd);

/* Returns the process that holds a record lock (F_SETLK) on the file of fd, 0
 * if none does, -1 with errno. Takes no lock. */
pid_t record_lock_owner(int fd);

#endif
