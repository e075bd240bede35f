/* A write for each line, in local time with its distance from UTC. What a full
 * disk has cut is cut off again as soon as it is noticed, and that line is lost. */
#define _GNU_SOURCE
#include "sysdaemon.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

int log_open(struct log *log, const char *path, bool to_syslog)
{
    openlog("sysdaemon", LOG_PID | LOG_NDELAY, LOG_DAEMON);
    log->to_syslog = to_syslog;
    log->fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    log->path = log->fd == -1 ? NULL : realpath(path, NULL);
    return log->path == NULL ? -1 : 0;
}

static void out(struct log *log, const char *line, size_t n)
{
    struct stat before;
    ssize_t done;

    fstat(log->fd, &before);
    do
        done = write(log->fd, line, n);
    while (done == -1 && errno == EINTR);
    if (done == (ssize_t)n) {
        log->failing = false;
        return;
    }
    if (done > 0 && ftruncate(log->fd, before.st_size) == -1)
        log->lost++;
    if (!log->failing)
        syslog(LOG_CRIT, "cannot write to %s", log->path);
    log->failing = true;
    log->lost++;
}

void log_note(struct log *log, const char *text)
{
    struct timeval now;
    struct tm tm;
    char date[32], zone[8], *line;
    int n;

    gettimeofday(&now, NULL);
    localtime_r(&now.tv_sec, &tm);
    strftime(date, sizeof(date), "%FT%T", &tm);
    strftime(zone, sizeof(zone), "%z", &tm);
    n = asprintf(&line, "%s.%03d%s %d %s\n", date, (int)(now.tv_usec / 1000),
                 zone, getpid(), text);
    if (n == -1)
        return;
    out(log, line, (size_t)n);
    free(line);
    if (log->to_syslog)
        syslog(LOG_NOTICE, "%s", text);
}

void log_event(struct log *log, const char *event, const char *path)
{
    char *text = malloc(strlen(event) + 4 * strlen(path) + 2), *to;

    if (text == NULL)
        return;
    to = stpcpy(stpcpy(text, event), " ");
    for (; *path != '\0'; path++) {
        if (*path == '\\' || *path == '\177' || (*path >= 0 && *path < ' '))
            to += sprintf(to, "\\%03o", (unsigned)*path);
        else
            *to++ = *path;
    }
    *to = '\0';
    log_note(log, text);
    free(text);
}

void log_flush(struct log *log)
{
    (void)log;
}

int log_reopen(struct log *log)
{
    int fd = open(log->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

    if (fd == -1 || dup3(fd, log->fd, O_CLOEXEC) == -1)
        return -1;
    return close(fd);
}
