/*
 * sysdaemon_log.c - lines, the file that they go to, syslog
 *
 * Lines are collected and written together: a call for each would cost more
 * than the event. What a write does not take stays in the buffer.
 *
 * see also: write(2), syslog(3), logrotate(8)
 */
#include "sysdaemon.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

enum { ESCAPED_MOST = 4 * PATH_MAX + 1, LINE_MOST = ESCAPED_MOST + 128 };

static int open_file(const char *path)
{
    return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
}

int log_open(struct log *log, const char *path, bool to_syslog)
{
    log->to_syslog = to_syslog;
    openlog("sysdaemon", LOG_PID, LOG_DAEMON);
    log->fd = open_file(path);
    if (log->fd == -1)
        return -1;
    log->path = realpath(path, NULL);
    return log->path == NULL ? -1 : 0;
}

/* 2026-05-01T12:00:00.123Z. The seconds change seldom, so they are kept. */
static size_t put_time(char *to, size_t room)
{
    static time_t last = -1;
    static char seconds[32];
    struct timespec now;
    struct tm tm;

    clock_gettime(CLOCK_REALTIME, &now);
    if (now.tv_sec != last) {
        gmtime_r(&now.tv_sec, &tm);
        strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &tm);
        last = now.tv_sec;
    }
    return (size_t)snprintf(to, room, "%s.%03ldZ", seconds,
                            now.tv_nsec / 1000000);
}

/* A name may hold line breaks: as they are, they would forge lines. */
static void escape(char *to, const char *path)
{
    for (const char *p = path; *p != '\0'; p++) {
        unsigned char c = (unsigned char)*p;

        if (c < 0x20 || c == 0x7f || c == '\\')
            to += sprintf(to, "\\%03o", c);
        else
            *to++ = *p;
    }
    *to = '\0';
}

/* Whole lines only: one without room is counted, not cut. */
static void append(struct log *log, const char *line, size_t n)
{
    if (LOG_ROOM - log->len < n)
        log_flush(log);
    if (LOG_ROOM - log->len < n) {
        log->lost++;
        return;
    }
    memcpy(log->buf + log->len, line, n);
    log->len += n;
}

void log_note(struct log *log, const char *text)
{
    char line[LINE_MOST];
    size_t n = put_time(line, sizeof(line));

    n += (size_t)snprintf(line + n, sizeof(line) - n, " %ld %s\n",
                          (long)getpid(), text);
    append(log, line, n);
    if (log->to_syslog)
        syslog(LOG_INFO, "%s", text); /* text may hold a % */
}

void log_event(struct log *log, const char *event, const char *path)
{
    char text[LINE_MOST - 64];
    int n = snprintf(text, sizeof(text), "%s ", event);

    if (strlen(path) > PATH_MAX)
        path = "(a path that is too long)";
    escape(text + n, path);
    log_note(log, text);
}

/* Once: a full disk must not fill the system's log too. */
static void complain(struct log *log)
{
    if (!log->failing)
        syslog(LOG_ERR, "%s: %m; events may be lost", log->path);
    log->failing = true;
}

static void recovered(struct log *log)
{
    char text[64];
    unsigned long lost = log->lost;

    log->failing = false;
    log->lost = 0;
    snprintf(text, sizeof(text), "lost %lu lines", lost);
    if (lost > 0)
        log_note(log, text);
}

/* A short write leaves half a line in the file; its other half is the first
 * thing that is written when there is room again. */
static void write_out(struct log *log)
{
    size_t sent = 0;

    while (sent < log->len) {
        ssize_t n = write(log->fd, log->buf + sent, log->len - sent);

        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1) {
            complain(log);
            break;
        }
        sent += (size_t)n;
    }
    memmove(log->buf, log->buf + sent, log->len - sent);
    log->len -= sent;
}

void log_flush(struct log *log)
{
    write_out(log);
    if (log->len == 0 && log->failing) {
        recovered(log);
        write_out(log);
    }
}

/* The lines of the old file first: it may be compressed and gone soon. */
int log_reopen(struct log *log)
{
    int fd;

    log_flush(log);
    fd = open_file(log->path);
    if (fd == -1)
        return -1;
    close(log->fd);
    log->fd = fd;
    return 0;
}
