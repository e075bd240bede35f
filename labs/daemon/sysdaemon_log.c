/*
 * sysdaemon_log.c - lines, the file that they go to, syslog
 *
 * see also: write(2), syslog(3), logrotate(8)
 */
#include "sysdaemon.h"

#include <errno.h>

/* TODO(project): step 1. openlog(3); open(2) so that lines are added; the path
 * as realpath(3) has it. */
int log_open(struct log *log, const char *path, bool to_syslog)
{
    (void)log, (void)path, (void)to_syslog;
    errno = ENOSYS;
    return -1;
}

/* TODO(project): step 1. clock_gettime(2), strftime(3), getpid(2); the line
 * goes into log->buf. With to_syslog: syslog(3), whose second argument is a
 * format. */
void log_note(struct log *log, const char *text)
{
    (void)log, (void)text;
}

/* TODO(project): step 1. What would a line break in path do to your lines? */
void log_event(struct log *log, const char *event, const char *path)
{
    (void)log, (void)event, (void)path;
}

/* TODO(project): step 1, and 6 for a disk that is full: what write(2) has not
 * taken stays. */
void log_flush(struct log *log)
{
    (void)log;
}

/* TODO(project): step 5. */
int log_reopen(struct log *log)
{
    (void)log;
    errno = ENOSYS;
    return -1;
}
