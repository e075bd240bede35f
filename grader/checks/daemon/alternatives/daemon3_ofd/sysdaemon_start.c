/* daemon(3) and a second fork; the caller waits for a signal-free word through
 * a socket pair; a lock of the open file description. */
#define _GNU_SOURCE
#include "sysdaemon.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

int become_daemon(void)
{
    int pair[2], kept;
    char word[3];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == -1)
        return -1;
    switch (fork()) {
    case -1:
        return -1;
    case 0:
        break;
    default:
        close(pair[1]);
        if (recv(pair[0], word, sizeof(word), MSG_WAITALL) == sizeof(word))
            _exit(0);
        fprintf(stderr, "sysdaemon: failed\n");
        _exit(1);
    }
    if (daemon(0, 1) == -1)
        return -1;
    switch (fork()) {
    case -1:
        return -1;
    case 0:
        break;
    default:
        _exit(0);
    }
    umask(022);
    kept = pair[1];
    for (int fd = 3; fd < 1024; fd++)
        if (fd != kept)
            close(fd);
    return freopen("/dev/null", "r", stdin) == NULL ||
                   freopen("/dev/null", "w", stdout) == NULL
               ? -1
               : kept;
}

int tell_ready(int ready)
{
    if (freopen("/dev/null", "w", stderr) == NULL)
        return -1;
    send(ready, "run", 3, MSG_NOSIGNAL);
    return close(ready);
}

int pidfile_hold(const char *path)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    struct stat mine, now;
    int fd;

again:
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd == -1)
        return -1;
    if (fcntl(fd, F_OFD_SETLK, &lock) == -1)
        return -1;
    if (fstat(fd, &mine) == -1 || stat(path, &now) == -1 ||
        mine.st_ino != now.st_ino) {
        close(fd);
        goto again;
    }
    if (ftruncate(fd, 0) == -1 || dprintf(fd, "%d\n", getpid()) < 0)
        return -1;
    return fd;
}

void pidfile_remove(const char *path, int fd)
{
    unlink(path);
    close(fd);
}

int drop_privileges(const char *user)
{
    struct passwd *pw = getpwnam(user);
    gid_t groups[64];
    uid_t r, e, s;

    if (pw == NULL) {
        errno = ENOENT;
        return -1;
    }
    if (setgroups(0, NULL) == -1)
        return -1;
    if (setregid(pw->pw_gid, pw->pw_gid) == -1)
        return -1;
    if (setreuid(pw->pw_uid, pw->pw_uid) == -1)
        return -1;
    if (getgroups(64, groups) > 0 || getresuid(&r, &e, &s) == -1 ||
        r != pw->pw_uid || s != pw->pw_uid || seteuid(0) != -1) {
        errno = EPERM;
        return -1;
    }
    return 0;
}
