/*
 * layout.c - where the parts of a process lie
 *
 * see also: layout.h (the contract); TLPI 6.3-6.5
 */
#define _GNU_SOURCE
#include "layout.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Placed by the linker: the first address behind the initialised data, and
 * behind the bss. Only their addresses mean something. end(3) */
extern char edata, end;

struct line {
    uintptr_t start, end;
    char rights[5];      /* "rw-p" */
    char name[PATH_MAX]; /* "" where nothing lies behind the memory */
};

/* 1: a line was read; 0: there are no more. */
static int next_line(FILE *maps, struct line *line)
{
    char text[PATH_MAX + 100];
    int at = 0;

    if (fgets(text, sizeof(text), maps) == NULL)
        return 0;
    text[strcspn(text, "\n")] = '\0';
    if (sscanf(text, "%lx-%lx %4s %*x %*s %*u %n", &line->start, &line->end,
               line->rights, &at) < 3)
        return 0;
    snprintf(line->name, sizeof(line->name), "%s", text + at);
    return 1;
}

static bool is_program(const struct line *line)
{
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

    path[n < 0 ? 0 : n] = '\0';
    return n > 0 && strcmp(path, line->name) == 0;
}

/* The last page of the data holds the beginning of the bss; what does not fit
 * there lies right behind it, in memory without a file. */
static enum segment classify(const struct line *line, uintptr_t address)
{
    bool writable = strchr(line->rights, 'w') != NULL;

    if (strcmp(line->name, "[heap]") == 0)
        return HEAP;
    if (strcmp(line->name, "[stack]") == 0)
        return STACK;
    if (is_program(line) && !writable)
        return TEXT;
    if (is_program(line))
        return address < (uintptr_t)&edata ? DATA : BSS;
    if (line->name[0] == '\0' && address >= (uintptr_t)&edata &&
        address < (uintptr_t)&end)
        return BSS;
    return MAPPING;
}

enum segment segment_of(const void *address)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    uintptr_t wanted = (uintptr_t)address;
    enum segment found = UNMAPPED;
    struct line line;

    if (maps == NULL)
        return UNMAPPED;
    while (found == UNMAPPED && next_line(maps, &line))
        if (wanted >= line.start && wanted < line.end)
            found = classify(&line, wanted);
    fclose(maps);
    return found;
}

int regions(struct region *table, int max)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    struct line line;
    int count = 0;

    if (maps == NULL)
        return -1;
    for (; next_line(maps, &line); count++)
        if (count < max)
            table[count] = (struct region){line.start, line.end,
                                           classify(&line, line.start)};
    fclose(maps);
    return count;
}

/* The sum after the call keeps it a call: what is returned is still needed. */
__attribute__((noinline)) static size_t deeper(int calls, const char *outermost)
{
    volatile char here = 0;
    const char *address = (const char *)&here;

    if (calls == 0)
        return (size_t)(outermost - address);
    return deeper(calls - 1, outermost) + (size_t)here;
}

size_t stack_depth(int calls)
{
    volatile char here = 0;

    return calls == 0 ? 0 : deeper(calls - 1, (const char *)&here);
}
