/* Double fork by hand; a status byte for each way of ending; initgroups, setgid
 * and setuid without a second look, which for root is enough. */
#define _GNU_SOURCE
#include "sysdaemon.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

int become_daemon(void)
{
    int fds[2], null, last = (int)sysconf(_SC_OPEN_MAX);
    char byte = 1;
    pid_t pid;

    if (pipe(fds) == -1 || (pid = fork()) == -1)
        return -1;
    if (pid > 0) {
        close(fds[1]);
        if (read(fds[0], &byte, 1) == 1)
            _exit(byte);
        fputs("sysdaemon: not started\n", stderr);
        exit(1);
    }
    if (setsid() < 0)
        return -1;
    pid = fork();
    if (pid != 0) {
        if (pid < 0)
            perror("sysdaemon: fork");
        _exit(pid < 0);
    }
    umask(0);
    if (chdir("/") != 0)
        return -1;
    null = open("/dev/null", O_RDWR);
    if (null == -1 || dup2(null, 0) == -1 || dup2(null, 1) == -1)
        return -1;
    for (int fd = 3; fd < last; fd++)
        if (fd != fds[1])
            close(fd);
    fcntl(fds[1], F_SETFD, FD_CLOEXEC);
    return fds[1];
}

int tell_ready(int ready)
{
    if (dup2(0, 2) == -1 || write(ready, "", 1) != 1)
        return -1;
    return close(ready);
}

int pidfile_hold(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT, 0644);
    struct stat a, b;
    char text[16];

    if (fd == -1 || fcntl(fd, F_SETFD, FD_CLOEXEC) == -1)
        return -1;
    if (flock(fd, LOCK_EX | LOCK_NB) == -1)
        return -1;
    if (fstat(fd, &a) != 0 || stat(path, &b) != 0 || a.st_ino != b.st_ino) {
        close(fd);
        return pidfile_hold(path);
    }
    snprintf(text, sizeof(text), "%d", (int)getpid());
    if (write(fd, text, strlen(text)) == -1 ||
        ftruncate(fd, (off_t)strlen(text)) == -1)
        return -1;
    return fd;
}

void pidfile_remove(const char *path, int fd)
{
    (void)fd;
    if (unlink(path) == -1)
        perror(path);
}

int drop_privileges(const char *user)
{
    struct passwd *pw = getpwnam(user);

    if (pw == NULL) {
        errno = ENOENT;
        return -1;
    }
    if (initgroups(user, pw->pw_gid) != 0)
        return -1;
    if (setgid(pw->pw_gid) != 0)
        return -1;
    return setuid(pw->pw_uid);
}
