/*
 * sysdaemon_start.c - from a command to a service
 *
 * see also: daemon(7), setsid(2), fcntl(2), setresuid(2), credentials(7)
 */
#define _GNU_SOURCE /* close_range, pipe2, setresuid */
#include "sysdaemon.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READY = 'r' };

/* The caller's part: wait for the byte, or for the end of the last process
 * that could write it. A daemon that fails says itself what is wrong, unless
 * it is killed. */
static int await_ready(int fd)
{
    char byte;
    ssize_t n;

    while ((n = read(fd, &byte, 1)) == -1 && errno == EINTR)
        ;
    if (n == 1 && byte == READY)
        return 0;
    dprintf(STDERR_FILENO, "sysdaemon: the service did not start\n");
    return 1;
}

/* Whatever the caller had open would stay open as long as the service lives. */
static int close_inherited(int but)
{
    if (but > 3 && close_range(3, (unsigned)but - 1, 0) == -1)
        return -1;
    return close_range((unsigned)but + 1, ~0U, 0);
}

/* 0, 1 and 2 must be something: else the next file that is opened becomes
 * stdout, and a stray printf(3) is written into it. */
static int to_null(int first, int last)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC), saved;

    if (null == -1)
        return -1;
    for (int fd = first; fd <= last; fd++) {
        if (dup2(null, fd) == -1) {
            saved = errno;
            close(null);
            errno = saved;
            return -1;
        }
    }
    return null > last ? close(null) : 0;
}

/* First child: a new session, without terminal. Its child leads no session,
 * and so never gets a terminal by opening one. */
int become_daemon(void)
{
    int ready[2];

    if (pipe2(ready, O_CLOEXEC) == -1)
        return -1;
    switch (fork()) {
    case -1:
        return -1;
    case 0:
        break;
    default:
        close(ready[1]);
        _exit(await_ready(ready[0]));
    }
    close(ready[0]);
    if (setsid() == -1)
        return -1;
    switch (fork()) {
    case -1:
        return -1;
    case 0:
        break;
    default:
        _exit(0);
    }
    umask(027);
    if (chdir("/") == -1 || close_inherited(ready[1]) == -1 ||
        to_null(STDIN_FILENO, STDOUT_FILENO) == -1)
        return -1;
    return ready[1];
}

int tell_ready(int ready)
{
    char byte = READY;
    ssize_t n;

    if (to_null(STDERR_FILENO, STDERR_FILENO) == -1)
        return -1;
    while ((n = write(ready, &byte, 1)) == -1 && errno == EINTR)
        ;
    close(ready);
    return n == -1 && errno != EPIPE ? -1 : 0; /* the caller may be gone */
}

/* Whether path still names the open file: its last holder may have removed the
 * name between our open and our lock. */
static bool still_named(int fd, const char *path)
{
    struct stat held, named;

    return fstat(fd, &held) == 0 && stat(path, &named) == 0 &&
           held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

static int open_locked(const char *path)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd, saved;

    for (;;) {
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
        if (fd == -1)
            return -1;
        if (fcntl(fd, F_SETLK, &whole) == -1)
            break;
        if (still_named(fd, path))
            return fd;
        close(fd);
    }
    saved = errno == EACCES ? EWOULDBLOCK : errno;
    close(fd);
    errno = saved;
    return -1;
}

int pidfile_hold(const char *path)
{
    int fd = open_locked(path), saved;

    if (fd == -1)
        return -1;
    if (ftruncate(fd, 0) == -1 || dprintf(fd, "%ld\n", (long)getpid()) < 0) {
        saved = errno;
        unlink(path);
        close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

void pidfile_remove(const char *path, int fd)
{
    if (unlink(path) == -1 && ftruncate(fd, 0) == -1)
        return; /* its lock ends with us, so it blocks nobody */
    close(fd);
}

/* A number that is tried and must be refused. */
static bool root_is_gone(uid_t uid, gid_t gid)
{
    uid_t r, e, s;
    gid_t rg, eg, sg;

    if (getresuid(&r, &e, &s) == -1 || getresgid(&rg, &eg, &sg) == -1)
        return false;
    if (r != uid || e != uid || s != uid || rg != gid || eg != gid || sg != gid)
        return false;
    return uid == 0 || setuid(0) == -1;
}

/* Groups first: afterwards nobody is allowed to. The three IDs at once: with
 * setuid(2) it depends on who calls whether the saved ID stays. */
int drop_privileges(const char *user)
{
    struct passwd *entry;

    errno = 0;
    entry = getpwnam(user);
    if (entry == NULL) {
        errno = errno == 0 ? ENOENT : errno;
        return -1;
    }
    uid_t uid = entry->pw_uid;
    gid_t gid = entry->pw_gid;

    if (setgroups(1, &gid) == -1 || setresgid(gid, gid, gid) == -1 ||
        setresuid(uid, uid, uid) == -1)
        return -1;
    if (!root_is_gone(uid, gid)) {
        errno = EPERM;
        return -1;
    }
    return 0;
}
