/*
 * caller: a shell of the worst kind, for a program to be started from
 *
 *   caller PROGRAM ARG...
 *
 * It has a terminal, an odd umask (0047) and open files (5, 17, 200) that it
 * does not mark close-on-exec, and becomes PROGRAM with all of them.
 *
 * see also: pts(4), execve(2)
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void take_terminal(void)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY), slave;

    if (master == -1 || grantpt(master) == -1 || unlockpt(master) == -1)
        err(125, "a terminal");
    slave = open(ptsname(master), O_RDWR); /* gate has made us a leader */
    if (slave == -1 || dup2(slave, 0) == -1 || dup2(slave, 1) == -1)
        err(125, "a terminal");
}

int main(int argc, char *argv[])
{
    static const int held[] = {5, 17, 200};

    (void)argc;
    take_terminal();
    for (size_t i = 0; i < sizeof(held) / sizeof(held[0]); i++) {
        int fd = open("/tmp/inherited", O_RDWR | O_CREAT, 0600);

        if (fd == -1 || dup2(fd, held[i]) == -1)
            err(125, "a file");
        if (fd != held[i])
            close(fd);
    }
    umask(0047);
    execv(argv[1], argv + 1);
    err(125, "%s", argv[1]);
}
