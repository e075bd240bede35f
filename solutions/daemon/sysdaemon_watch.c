/*
 * sysdaemon_watch.c - inotify: trees, events, what appears later
 *
 * inotify watches single directories. A directory that appears is watched as
 * soon as its event is read; what was made in it before then has no event and
 * is looked for: FOUND. After an overflow everything is looked for.
 *
 * see also: inotify(7), "Limitations and caveats" above all
 */
#include "sysdaemon.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

enum { EVENTS = 1 << 16 }; /* bytes of one read */

static const uint32_t mask = IN_CREATE | IN_MODIFY | IN_DELETE | IN_MOVED_FROM |
                             IN_MOVED_TO | IN_ATTRIB | IN_ONLYDIR |
                             IN_DONT_FOLLOW;

static const struct {
    uint32_t bit;
    const char *name;
} names[] = {
    {IN_CREATE, "CREATE"},         {IN_MODIFY, "MODIFY"},
    {IN_ATTRIB, "ATTRIB"},         {IN_DELETE, "DELETE"},
    {IN_MOVED_FROM, "MOVED_FROM"}, {IN_MOVED_TO, "MOVED_TO"},
};

static const char *name_of(uint32_t bits)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (bits & names[i].bit)
            return names[i].name;
    return NULL;
}

/* Numbers of watches only grow: an array finds them. */
static int set_path(struct watch *watch, int wd, const char *path)
{
    char *copy = strdup(path);

    if (copy == NULL)
        return -1;
    if (wd >= watch->size) {
        int size = 2 * wd + 64;
        char **paths = reallocarray(watch->paths, (size_t)size, sizeof(char *));

        if (paths == NULL) {
            free(copy);
            return -1;
        }
        memset(paths + watch->size, 0,
               (size_t)(size - watch->size) * sizeof(char *));
        watch->paths = paths;
        watch->size = size;
    }
    free(watch->paths[wd]);
    watch->paths[wd] = copy;
    return 0;
}

static bool join(char *to, const char *dir, const char *name)
{
    int n =
        snprintf(to, PATH_MAX, "%s/%s", strcmp(dir, "/") == 0 ? "" : dir, name);

    return n < PATH_MAX;
}

static bool is_dir(const struct dirent *entry, const char *path)
{
    struct stat st;

    if (entry->d_type != DT_UNKNOWN)
        return entry->d_type == DT_DIR;
    return lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* First the watch, then the look: in the other order, what is made between the
 * two is never seen. */
static int watch_tree(struct watch *watch, const char *dir, bool report)
{
    int wd = inotify_add_watch(watch->fd, dir, mask), saved;
    char path[PATH_MAX];
    struct dirent *entry;
    DIR *stream;

    if (wd == -1 || set_path(watch, wd, dir) == -1)
        return -1;
    stream = opendir(dir);
    if (stream == NULL)
        return -1;
    while (errno = 0, (entry = readdir(stream)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 ||
            strcmp(entry->d_name, "..") == 0 || !join(path, dir, entry->d_name))
            continue;
        if (report)
            watch->event(watch->arg, "FOUND", path);
        if (is_dir(entry, path) && watch_tree(watch, path, report) == -1 &&
            errno != ENOENT && errno != ENOTDIR)
            syslog(LOG_WARNING, "%s: not watched: %m", path);
    }
    saved = errno;
    closedir(stream);
    errno = saved;
    return saved == 0 ? 0 : -1;
}

/* A directory that appeared may be gone again; everything else is worth a
 * warning. */
static void watch_new(struct watch *watch, const char *path)
{
    if (watch_tree(watch, path, true) == -1 && errno != ENOENT &&
        errno != ENOTDIR)
        syslog(LOG_WARNING, "%s: not watched: %m", path);
}

int watch_open(struct watch *watch, char *const *dirs, int dir_count)
{
    watch->dirs = dirs;
    watch->dir_count = dir_count;
    watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (watch->fd == -1)
        return -1;
    for (int i = 0; i < dir_count; i++)
        if (watch_tree(watch, dirs[i], false) == -1)
            return -1;
    return 0;
}

/* Watches stay with a directory that moves: only its path changes, and those of
 * everything below. to: the new path; NULL: it left the trees. */
static void move_paths(struct watch *watch, const char *from, const char *to)
{
    size_t n = strlen(from);
    char path[PATH_MAX];

    for (int wd = 0; wd < watch->size; wd++) {
        const char *old = watch->paths[wd];

        if (old == NULL || strncmp(old, from, n) != 0 ||
            (old[n] != '/' && old[n] != '\0'))
            continue;
        if (to == NULL)
            inotify_rm_watch(watch->fd, wd);
        else if (snprintf(path, sizeof(path), "%s%s", to, old + n) < PATH_MAX)
            set_path(watch, wd, path);
    }
}

/* The directory that left a path without arriving at one is outside now. */
static void forget_moved(struct watch *watch)
{
    if (watch->moved_path == NULL)
        return;
    move_paths(watch, watch->moved_path, NULL);
    free(watch->moved_path);
    watch->moved_path = NULL;
}

static void dir_event(struct watch *watch, const struct inotify_event *event,
                      const char *path)
{
    if (event->mask & IN_MOVED_FROM) {
        forget_moved(watch);
        watch->moved_path = strdup(path);
        watch->moved_cookie = event->cookie;
    } else if (event->mask & IN_MOVED_TO && watch->moved_path != NULL &&
               watch->moved_cookie == event->cookie) {
        move_paths(watch, watch->moved_path, path);
        free(watch->moved_path);
        watch->moved_path = NULL;
    } else if (event->mask & (IN_CREATE | IN_MOVED_TO)) {
        watch_new(watch, path);
    }
}

static void overflow(struct watch *watch)
{
    watch->event(watch->arg, NULL, "overflow");
    for (int i = 0; i < watch->dir_count; i++)
        watch_new(watch, watch->dirs[i]);
}

static void take(struct watch *watch, const struct inotify_event *event)
{
    char path[PATH_MAX];
    const char *name = name_of(event->mask);

    if (event->mask & IN_Q_OVERFLOW) {
        overflow(watch);
        return;
    }
    if (event->wd >= watch->size || watch->paths[event->wd] == NULL)
        return;
    if (event->mask & IN_IGNORED) {
        free(watch->paths[event->wd]);
        watch->paths[event->wd] = NULL;
        return;
    }
    /* Without a name it is about a watched directory, whose parent tells. */
    if (event->len == 0 || name == NULL ||
        !join(path, watch->paths[event->wd], event->name))
        return;
    watch->event(watch->arg, name, path);
    if (event->mask & IN_ISDIR)
        dir_event(watch, event, path);
}

int watch_read(struct watch *watch)
{
    static char buf[EVENTS]
        __attribute__((aligned(__alignof__(struct inotify_event))));
    ssize_t n = read(watch->fd, buf, sizeof(buf));

    if (n == -1) /* EINTR too: poll(2) tells again */
        return errno == EAGAIN || errno == EINTR ? 0 : -1;
    for (char *p = buf; p < buf + n;) {
        const struct inotify_event *event = (const struct inotify_event *)p;

        take(watch, event);
        p += sizeof(*event) + event->len;
    }
    if (watch_waiting(watch) == 0)
        forget_moved(watch);
    return (int)n;
}

int watch_waiting(const struct watch *watch)
{
    int n;

    return ioctl(watch->fd, FIONREAD, &n) == -1 ? 0 : n;
}
