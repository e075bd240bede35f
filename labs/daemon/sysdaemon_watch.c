/*
 * sysdaemon_watch.c - inotify: trees, events, what appears later
 *
 * see also: inotify(7), "Limitations and caveats" above all
 */
#include "sysdaemon.h"

#include <errno.h>

/* TODO(project): step 1. inotify_init1(2), non-blocking; inotify_add_watch(2)
 * for each folder below dirs: opendir(3), readdir(3). Remember the path of each
 * watch descriptor. */
int watch_open(struct watch *watch, char *const *dirs, int dir_count)
{
    (void)watch, (void)dirs, (void)dir_count;
    errno = ENOSYS;
    return -1;
}

/* TODO(project): step 1: read(2), and watch->event for each event (CREATE,
 * MODIFY, DELETE, MOVED_FROM, MOVED_TO, ATTRIB).
 * TODO(project): step 4: folders that appear (FOUND for what is in them
 * already), that move, that leave; IN_Q_OVERFLOW: event NULL, path "overflow",
 * then FOUND for all that is there. */
int watch_read(struct watch *watch)
{
    (void)watch;
    errno = ENOSYS;
    return -1;
}

/* TODO(project): step 5. ioctl(2), FIONREAD. */
int watch_waiting(const struct watch *watch)
{
    (void)watch;
    return 0;
}
