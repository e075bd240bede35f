/*
 * detach.h - drill `detach`: become a daemon, and tell the caller how it went
 *
 * see also: daemon(7), fork(2), setsid(2), close_range(2), TLPI 37.2
 */
#ifndef DETACH_H
#define DETACH_H

enum {
    DETACH_KEEP_DIR = 1,   /* do not go to / */
    DETACH_KEEP_UMASK = 2, /* do not change the umask */
    DETACH_KEEP_FDS = 4,   /* leave descriptors above 2 open */
};

/* Leaves the caller behind. Returns in the daemon, which is in a session of its
 * own that it does not lead, whose parent is gone, and which has
 *   - folder /, umask 027,
 *   - /dev/null on 0, 1 and 2,
 *   - no other descriptor but the one that is returned: for detach_ready.
 * The calling process does not return: it waits until the daemon calls
 * detach_ready, and ends by _exit with the status given there; with 1 if the
 * daemon ends before that.
 * Returns -1 with errno when a call fails, in whichever process that is. */
int become_daemon(int flags);

/* Tells the caller that it may end, with which status (0 to 255), and closes
 * the descriptor. Returns 0, or -1 with errno. */
int detach_ready(int fd, int status);

#endif
