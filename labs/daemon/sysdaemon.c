/*
 * sysdaemon - log the I/O events below directories, as a service
 *
 *   sysdaemon [-n] [-d DIR]... [-l LOG] [-p PIDFILE] [-u USER] [-m MODULE.so]
 *             [-s]
 *
 *   -n  stay in the foreground      -d  a tree to watch (/tmp)
 *   -s  log to syslog as well       -l  LOG (/var/log/sysdaemon.log)
 *   -u  run as USER                 -p  PIDFILE (/run/sysdaemon.pid)
 *   -m  a module that decides which events are logged
 *
 * SIGHUP reopens LOG; SIGTERM and SIGINT end the service. Exit status: 0 it
 * runs (with -n: it ran), 1 it could not start, 2 wrong use.
 *
 * The steps, each of which makes something more work: 1 lines for events, with -n
 * · 2 a daemon, and what its caller learns · 3 one instance · 4 folders that come
 * and go, overflow · 5 signals, rotation, the end · 6 a full disk · 7 -u · 8 -m
 *
 * see also: daemon(7), inotify(7), signalfd(2), sysdaemon.h
 */
#define _GNU_SOURCE /* asprintf */
#include "sysdaemon.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct options {
    bool foreground, to_syslog;
    char **dirs;
    int dir_count;
    const char *log, *pidfile, *user, *module;
};

struct service {
    struct log log;
    struct watch watch;
    struct filter filter;
    int signals; /* signalfd: HUP, TERM, INT */
    int pidfile;
    bool stop;
};

static void die(const char *what)
{
    fprintf(stderr, "sysdaemon: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void usage(void)
{
    fprintf(stderr, "usage: sysdaemon [-n] [-d DIR]... [-l LOG] [-p PIDFILE] "
                    "[-u USER] [-m MODULE.so] [-s]\n");
    exit(2);
}

/* The service leaves the directory in which its arguments are meant. */
static char *absolute(const char *path)
{
    char cwd[PATH_MAX], *whole;

    if (path[0] == '/')
        return strdup(path);
    if (getcwd(cwd, sizeof(cwd)) == NULL ||
        asprintf(&whole, "%s/%s", cwd, path) == -1)
        return NULL;
    return whole;
}

static void parse(struct options *opt, int argc, char *argv[])
{
    int letter;

    opt->dirs = calloc((size_t)argc + 1, sizeof(char *));
    if (opt->dirs == NULL)
        die("calloc");
    while ((letter = getopt(argc, argv, "nd:l:p:u:m:s")) != -1) {
        switch (letter) {
        case 'n':
            opt->foreground = true;
            break;
        case 's':
            opt->to_syslog = true;
            break;
        case 'd':
            opt->dirs[opt->dir_count++] = optarg;
            break;
        case 'l':
            opt->log = optarg;
            break;
        case 'p':
            opt->pidfile = optarg;
            break;
        case 'u':
            opt->user = optarg;
            break;
        case 'm':
            opt->module = optarg;
            break;
        default:
            usage();
        }
    }
    if (optind != argc)
        usage();
    if (opt->dir_count == 0)
        opt->dirs[opt->dir_count++] = "/tmp";
}

static void make_absolute(struct options *opt)
{
    for (int i = 0; i < opt->dir_count; i++) {
        const char *name = opt->dirs[i];

        opt->dirs[i] = realpath(name, NULL);
        if (opt->dirs[i] == NULL)
            die(name);
    }
    opt->log = absolute(opt->log);
    opt->pidfile = absolute(opt->pidfile);
    if (opt->log == NULL || opt->pidfile == NULL)
        die("getcwd");
    if (opt->module != NULL && (opt->module = absolute(opt->module)) == NULL)
        die("getcwd");
}

/* LOG may be below DIR: a line about a line would never end. */
static void on_event(void *arg, const char *event, const char *path)
{
    struct service *service = arg;

    if (event == NULL)
        log_note(&service->log, path);
    else if (strcmp(path, service->log.path) != 0 &&
             filter_wants(&service->filter, event, path))
        log_event(&service->log, event, path);
}

/* TODO(project): step 5. sigprocmask(2), signalfd(2); SIGXFSZ and SIGPIPE are
 * not to end the service. */
static int open_signals(void)
{
    return 0;
}

/* What needs root comes first; then root is given up; what others wrote (the
 * module, the trees) is touched after that. */
static void start(struct service *service, const struct options *opt)
{
    const char *trouble;

    service->signals = open_signals();
    if (service->signals == -1)
        die("signalfd");
    service->pidfile = pidfile_hold(opt->pidfile);
    if (service->pidfile == -1 && errno == EWOULDBLOCK) {
        fprintf(stderr, "sysdaemon: %s: already running\n", opt->pidfile);
        exit(1);
    }
    if (service->pidfile == -1)
        die(opt->pidfile);
    if (log_open(&service->log, opt->log, opt->to_syslog) == -1)
        die(opt->log);
    if (opt->user != NULL && drop_privileges(opt->user) == -1)
        die(opt->user);
    trouble = filter_load(&service->filter, opt->module);
    if (trouble != NULL) {
        fprintf(stderr, "sysdaemon: %s: %s\n", opt->module, trouble);
        exit(1);
    }
    service->watch.event = on_event;
    service->watch.arg = service;
    if (watch_open(&service->watch, opt->dirs, opt->dir_count) == -1)
        die("inotify");
}

/* TODO(project): step 1: watch_read and log_flush, again and again, with one
 * wait for events and signals and without a timeout: poll(2).
 * TODO(project): step 5: SIGHUP reopens LOG, SIGTERM and SIGINT end the loop. */
static void run(struct service *service)
{
    while (!service->stop)
        service->stop = watch_read(&service->watch) <= 0;
}

/* TODO(project): step 5. What happened before the signal is logged, and no
 * more; then the line "stopped"; then the PID file goes. */
static void finish(struct service *service, const struct options *opt)
{
    (void)service, (void)opt;
}

int main(int argc, char *argv[])
{
    struct options opt = {.log = "/var/log/sysdaemon.log",
                          .pidfile = "/run/sysdaemon.pid"};
    static struct service service;
    int ready = -1;

    parse(&opt, argc, argv);
    make_absolute(&opt);
    if (!opt.foreground && (ready = become_daemon()) == -1)
        die("become_daemon");
    start(&service, &opt);
    if (!opt.foreground && tell_ready(ready) == -1)
        die("tell_ready");
    run(&service);
    finish(&service, &opt);
    return 0;
}
