/*
 * sysdaemon.h - how the files of the service work together (given)
 *
 * sysdaemon.c         options, start, the loop
 * sysdaemon_start.c   from a command to a service: detach, PID file, user
 * sysdaemon_log.c     lines, the file that they go to, syslog
 * sysdaemon_watch.c   inotify: trees, events, what appears later
 * sysdaemon_filter.c  the module that decides which events are logged
 *
 * Functions that return int return 0 (or a descriptor) on success, and -1 with
 * errno on failure. None of them ends the process but where it says so.
 *
 * see also: daemon(7), inotify(7), sysdaemon_filter.h (what a module has)
 */
#ifndef SYSDAEMON_H
#define SYSDAEMON_H

#include <stdbool.h>
#include <stddef.h>

/* ---- sysdaemon_start.c -------------------------------------------------- */

/* Leaves caller, session and terminal. Returns in the daemon, with the
 * descriptor for tell_ready. The calling process does not return: it waits,
 * and exits with 0 once tell_ready was called, with 1 if the daemon ends
 * before. stderr stays what it was until then. */
int become_daemon(void);

/* The service is ready: stderr is given up, and the caller may go. */
int tell_ready(int ready);

/* Makes path, holds a lock on it as long as the process lives, and writes the
 * process id. errno is EWOULDBLOCK if another process holds it. */
int pidfile_hold(const char *path);

/* Removes the file; where that is not allowed (any more) it is emptied. */
void pidfile_remove(const char *path, int fd);

/* Becomes the user of that name, for good: groups, group, user. */
int drop_privileges(const char *user);

/* ---- sysdaemon_log.c ---------------------------------------------------- */

enum { LOG_ROOM = 1 << 16 };

struct log {
    char *path; /* absolute, as events name it */
    int fd;
    bool to_syslog;
    bool failing;       /* said so: not again until it works */
    unsigned long lost; /* lines without room since the failure */
    size_t len;         /* bytes that wait in buf; the first may be a part */
    char buf[LOG_ROOM];
};

int log_open(struct log *log, const char *path, bool to_syslog);

/* A line TIME PID EVENT PATH. In PATH, bytes below 0x20, 0x7f and the
 * backslash become \ooo (octal). */
void log_event(struct log *log, const char *event, const char *path);

/* A line TIME PID TEXT. */
void log_note(struct log *log, const char *text);

/* Writes what waits. A failure is told to syslog, once; the lines are kept as
 * long as there is room for them. */
void log_flush(struct log *log);

/* Writes what waits to the old file, then opens the path anew. Goes on with the
 * old file where that fails. */
int log_reopen(struct log *log);

/* ---- sysdaemon_watch.c -------------------------------------------------- */

struct watch {
    int fd;
    char **paths; /* by watch descriptor; NULL: not watched (any more) */
    int size;
    char *const *dirs; /* the trees, for the scan after an overflow */
    int dir_count;
    unsigned moved_cookie; /* a folder left this path, and may arrive */
    char *moved_path;      /* at another; NULL: none did */
    void (*event)(void *arg, const char *event, const char *path);
    void *arg;
};

/* Watches the trees below dirs. watch->event and ->arg are set before. */
int watch_open(struct watch *watch, char *const *dirs, int dir_count);

/* Reads once, and reports what it read. Returns the number of bytes, 0 if there
 * are no events. */
int watch_read(struct watch *watch);

/* How many bytes of events wait. */
int watch_waiting(const struct watch *watch);

/* ---- sysdaemon_filter.c ------------------------------------------------- */

struct filter {
    void *handle;
    int (*wants)(const char *event, const char *path);
};

/* Loads a module; NULL: none, everything is wanted. Returns NULL, or in words
 * what is wrong. */
const char *filter_load(struct filter *filter, const char *path);

bool filter_wants(const struct filter *filter, const char *event,
                  const char *path);

#endif
