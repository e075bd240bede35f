/* A socket pair; descriptors closed one by one; the first child waits for none. */
#include "detach.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

int become_daemon(int flags)
{
    int pair[2], most = (int)sysconf(_SC_OPEN_MAX), null;
    unsigned char told = 1;
    pid_t pid;

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == -1)
        return -1;
    pid = fork();
    if (pid == -1)
        return -1;
    if (pid != 0) {
        close(pair[0]);
        if (read(pair[1], &told, 1) != 1)
            told = 1;
        _exit(told);
    }
    if (setsid() == -1)
        return -1;
    pid = fork();
    if (pid != 0) {
        if (pid == -1)
            return -1;
        _exit(0);
    }
    close(pair[1]);
    if ((flags & DETACH_KEEP_DIR) == 0 && chdir("/") == -1)
        return -1;
    if ((flags & DETACH_KEEP_UMASK) == 0)
        (void)umask(S_IWGRP | S_IRWXO);
    for (int fd = 3; fd < most && (flags & DETACH_KEEP_FDS) == 0; fd++)
        if (fd != pair[0])
            close(fd);
    close(0);
    null = open("/dev/null", O_RDWR); /* the lowest number: 0 */
    if (null != 0 || dup2(0, 1) != 1 || dup2(0, 2) != 2)
        return -1;
    return pair[0];
}

int detach_ready(int fd, int status)
{
    char byte = (char)status;

    if (send(fd, &byte, 1, MSG_NOSIGNAL) != 1)
        return -1;
    return close(fd);
}
