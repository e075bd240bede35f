/* Handlers that set flags, ppoll(2), a PID file that is locked by flock(2) before the forks. */
#define _GNU_SOURCE /* asprintf, ppoll */
#include "sysdaemon.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

static volatile sig_atomic_t hup, term;

static void handler(int number)
{
    if (number == SIGHUP)
        hup = 1;
    else
        term = 1;
}

/* Blocked but while ppoll(2) waits: no signal comes between a look at the flags
 * and the wait. */
static int open_signals(void)
{
    struct sigaction action = {.sa_handler = handler};
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    sigaction(SIGHUP, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    action.sa_handler = SIG_IGN;
    sigaction(SIGXFSZ, &action, NULL);
    return sigaction(SIGPIPE, &action, NULL);
}

/* What needs root comes first; then root is given up; what others wrote (the
 * module, the trees) is touched after that. */
static void start(struct service *service, const struct options *opt)
{
    const char *trouble;

    service->signals = open_signals();
    if (service->signals == -1)
        die("signalfd");
    if (pidfile_hold(opt->pidfile) == -1) /* writes the number */
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

static void run(struct service *service)
{
    struct pollfd on = {service->watch.fd, POLLIN, 0};
    sigset_t none;

    sigemptyset(&none);
    while (!term) {
        if (ppoll(&on, 1, NULL, &none) > 0)
            watch_read(&service->watch);
        if (hup && log_reopen(&service->log) == -1)
            syslog(LOG_ERR, "not reopened");
        hup = 0;
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
    pidfile_remove(opt->pidfile, -1);
}

int main(int argc, char *argv[])
{
    struct options opt = {.log = "/var/log/sysdaemon.log",
                          .pidfile = "/run/sysdaemon.pid"};
    static struct service service;
    int ready = -1;

    parse(&opt, argc, argv);
    make_absolute(&opt);
    if (pidfile_hold(opt.pidfile) == -1)
        die(opt.pidfile);
    if (!opt.foreground && (ready = become_daemon()) == -1)
        die("become_daemon");
    start(&service, &opt);
    if (!opt.foreground && tell_ready(ready) == -1)
        die("tell_ready");
    run(&service);
    finish(&service, &opt);
    return 0;
}
