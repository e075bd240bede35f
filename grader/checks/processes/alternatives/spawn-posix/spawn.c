/* spawn.c, built differently: posix_spawnp(3) and waitid(2). */
#include "spawning.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

int spawn(char *const argv[], pid_t *pid)
{
    pid_t child;
    int error = posix_spawnp(&child, argv[0], NULL, NULL, argv, environ);

    if (error != 0) {
        errno = error;
        return -1;
    }
    *pid = child;
    return 0;
}

int run(char *const argv[])
{
    siginfo_t info;
    pid_t pid;

    if (spawn(argv, &pid) == -1)
        return -1;
    while (waitid(P_PID, (id_t)pid, &info, WEXITED) == -1)
        if (errno != EINTR)
            return -1;
    return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}
