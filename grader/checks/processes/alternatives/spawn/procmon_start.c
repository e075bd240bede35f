/* procmon_start.c, built differently: posix_spawnp(3). A child whose program
 * cannot be executed is waited for by libc; there never was one, then. */
#define _GNU_SOURCE
#include "procmon.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

int start(struct monitor *m, struct child *child)
{
    posix_spawnattr_t attributes;
    int error = posix_spawnattr_init(&attributes);

    if (error == 0) {
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP |
                                                  POSIX_SPAWN_SETSIGMASK);
        posix_spawnattr_setpgroup(&attributes, 0);
        posix_spawnattr_setsigmask(&attributes, &m->at_start);
        error = posix_spawnp(&child->pid, child->argv[0], NULL, &attributes,
                             child->argv, environ);
        posix_spawnattr_destroy(&attributes);
    }
    if (error == 0) {
        m->started++;
        m->living++;
        say(m, "child pid=%d ppid=%d command=%s", child->pid, getpid(),
            child->argv[0]);
        return 0;
    }
    child->pid = 0;
    errno = error;
    if (error == EAGAIN || error == ENOMEM)
        return -1;
    fprintf(stderr, "procmon: %s: %s\n", child->argv[0], strerror(error));
    child->pid = error == ENOENT ? -NOT_FOUND : -CANNOT_RUN;
    return 0;
}
