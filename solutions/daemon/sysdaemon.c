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
 * see also: daemon(7), inotify(7), signalfd(2), sysdaemon.h
 */
#define _GNU_SOURCE /* asprintf */
#include "sysdaemon.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <syslog.h>
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

/* Blocked, they wait in the signalfd: nothing is ever interrupted, and no
 * handler has to be async-signal-safe. */
static int open_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    if (sigprocmask(SIG_BLOCK, &set, NULL) == -1)
        return -1;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* write(2) gives EFBIG then */
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
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

static void take_signal(struct service *service)
{
    struct signalfd_siginfo info;

    if (read(service->signals, &info, sizeof(info)) != sizeof(info))
        return; /* EAGAIN, EINTR: poll(2) tells again */
    if (info.ssi_signo != SIGHUP)
        service->stop = true;
    else if (log_reopen(&service->log) == -1)
        syslog(LOG_ERR, "%s: not reopened: %m", service->log.path);
}

static void run(struct service *service)
{
    struct pollfd on[] = {{service->watch.fd, POLLIN, 0},
                          {service->signals, POLLIN, 0}};

    while (!service->stop) {
        if (poll(on, 2, -1) == -1)
            continue; /* EINTR, ENOMEM: later */
        if (on[0].revents != 0)
            watch_read(&service->watch);
        if (on[1].revents != 0)
            take_signal(service);
        log_flush(&service->log);
    }
}

/* What happened before the signal is logged; what goes on happening must not
 * keep the service alive. */
static void finish(struct service *service, const struct options *opt)
{
    int left = watch_waiting(&service->watch);

    for (int n = 1; left > 0 && n > 0; left -= n)
        n = watch_read(&service->watch);
    log_note(&service->log, "stopped");
    log_flush(&service->log);
    pidfile_remove(opt->pidfile, service->pidfile);
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
