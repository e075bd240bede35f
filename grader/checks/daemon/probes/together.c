/*
 * together: start the same program twice in the same moment
 *
 *   together PROGRAM ARG...
 *
 * Exits with the number of those that ended with status 0.
 *
 * see also: fork(2), pipe(7)
 */
#include <err.h>
#include <sys/wait.h>
#include <unistd.h>

enum { HOW_MANY = 2 };

int main(int argc, char *argv[])
{
    int start[2], status, good = 0;
    char byte;

    (void)argc;
    if (pipe(start) == -1)
        err(125, "pipe");
    for (int i = 0; i < HOW_MANY; i++) {
        switch (fork()) {
        case -1:
            err(125, "fork");
        case 0:
            close(start[1]);
            if (read(start[0], &byte, 1) == -1)
                err(125, "read");
            close(start[0]);
            execv(argv[1], argv + 1);
            err(125, "%s", argv[1]);
        }
    }
    close(start[0]);
    close(start[1]); /* all of them read its end now */
    while (wait(&status) > 0)
        good += WIFEXITED(status) && WEXITSTATUS(status) == 0;
    return good;
}
