/*
 * mirror - says what it was given: arguments, environment, descriptors, input
 *
 * usage: mirror [ARG...]
 *
 * stdout: `arg N TEXT` for each argument, `env NAME=VALUE` (sorted), `fd N` for
 * each open descriptor, `input` and all of stdin. stderr: one line.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void tell_environment(void)
{
    size_t n = 0;

    while (environ[n] != NULL)
        n++;
    qsort(environ, n, sizeof environ[0], by_text);
    for (size_t i = 0; i < n; i++)
        printf("env %s\n", environ[i]);
}

static void tell_descriptors(void)
{
    for (int fd = 0; fd < 64; fd++) {
        int copy = dup(fd);

        if (copy == -1)
            continue;
        close(copy);
        printf("fd %d\n", fd);
    }
}

int main(int argc, char *argv[])
{
    int c;

    for (int i = 0; i < argc; i++)
        printf("arg %d %s\n", i, argv[i]);
    tell_environment();
    tell_descriptors();
    puts("input");
    while ((c = getchar()) != EOF)
        putchar(c);
    fputs("mirror: this is for stderr\n", stderr);
    return 7;
}
