/*
 * cost - library calls, between two marks in the trace
 *
 * usage: cost NAME     do it
 *        cost -l       the names
 *
 * Does what labs/syscalls/cost.toml describes under the name. No answer is
 * written down in here: whoever wants to know how many system calls it takes
 * counts them in the trace between the two calls of umask(2), which nothing
 * else makes:
 *
 *     strace cost fflush 2>&1 | sed -n '/umask/,$p'
 *
 * Exit status: 0; 1 if something fails; 2 usage.
 *
 * see also: vdso(7), malloc(3), mallopt(3), setvbuf(3), stdio(3); TLPI 3.1, 7.1,
 * 13.2
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static FILE *to_pipe, *to_null;
static void *volatile kept;

static void do_getpid(void)
{
    for (int i = 0; i < 10; i++)
        getpid();
}

static void do_clock_gettime(void)
{
    struct timespec t;

    for (int i = 0; i < 10; i++)
        clock_gettime(CLOCK_MONOTONIC, &t);
}

static void do_strlen(void)
{
    kept = (void *)strlen(getenv("PATH") != NULL ? "set" : "");
}

static void do_malloc_small(void)
{
    for (int i = 0; i < 100; i++)
        kept = malloc(16);
}

static void do_malloc_large(void)
{
    kept = malloc(1 << 20);
}

static void do_free_large(void)
{
    kept = malloc(1 << 20);
    free(kept);
}

static void do_printf_pipe(void)
{
    for (int i = 0; i < 100; i++)
        fprintf(to_pipe, "line %02d\n", i);
}

static void do_fflush(void)
{
    for (int i = 0; i < 5; i++) {
        fprintf(to_pipe, "line %02d\n", i);
        fflush(to_pipe);
    }
    fflush(to_pipe);
}

static void do_unbuffered(void)
{
    for (int i = 0; i < 3; i++)
        fputs("x\n", to_null);
}

static void do_fopen(void)
{
    FILE *file = fopen("/dev/null", "r");

    if (file == NULL)
        err(1, "/dev/null");
    fclose(file);
}

static const struct {
    const char *name;
    void (*act)(void);
} all[] = {
    {"getpid", do_getpid},
    {"clock_gettime", do_clock_gettime},
    {"strlen", do_strlen},
    {"malloc_small", do_malloc_small},
    {"malloc_large", do_malloc_large},
    {"free_large", do_free_large},
    {"printf_pipe", do_printf_pipe},
    {"fflush", do_fflush},
    {"unbuffered", do_unbuffered},
    {"fopen", do_fopen},
};

/* What is to be measured must not pay for what happens only once. */
static void prepare(void)
{
    int fds[2];

    if (pipe2(fds, O_CLOEXEC) == -1 ||
        (to_pipe = fdopen(fds[1], "w")) == NULL ||
        (to_null = fopen("/dev/null", "w")) == NULL)
        err(1, "pipe");
    setvbuf(to_null, NULL, _IONBF, 0);
    fputs("warm\n", to_pipe);
    fflush(to_pipe);
    for (int i = 0; i < 200; i++)
        kept = malloc(16);
}

int main(int argc, char *argv[])
{
    size_t n = sizeof all / sizeof all[0];

    for (size_t i = 0; argc == 2 && i < n; i++) {
        if (strcmp(argv[1], "-l") == 0)
            puts(all[i].name);
        if (strcmp(argv[1], all[i].name) != 0)
            continue;
        prepare();
        umask(022);
        all[i].act();
        umask(022);
        _exit(0);
    }
    return argc == 2 && strcmp(argv[1], "-l") == 0 ? 0 : 2;
}
