/*
 * privileges.h - drill `privileges`: give up root for good
 *
 * see also: setresuid(2), setgroups(2), capabilities(7), capset(2), prctl(2),
 * TLPI 9.7, 38.2, 39
 */
#ifndef PRIVILEGES_H
#define PRIVILEGES_H

/* Becomes the user of that name: supplementary groups (the group of the user and
 * no other), group, user, in that order; real, effective and saved IDs. Then
 * asks the kernel whether it is so.
 * Returns 0; -1 with the errno of the call that failed, after which no other is
 * made; with ENOENT if there is no such user; with EPERM if all calls succeeded
 * and the IDs are not those of the user all the same. */
int drop_to(const char *user);

/* Keeps at most one capability (its number, as CAP_NET_BIND_SERVICE in
 * <linux/capability.h>); -1: none. It stays permitted and effective; the
 * inheritable and the ambient set are empty, and all others are gone from the
 * bounding set, so that no execve(2) brings them back.
 * Returns 0, or -1 with errno: EPERM if the capability is not there. */
int keep_only(int capability);

#endif
