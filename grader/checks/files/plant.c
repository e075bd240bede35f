/*
 * plant - makes big trees quickly, where a sandbox throws them away
 * usage: plant ROOT GROUPS DIRS FILES
 *
 * ROOT gets GROUPS directories, each of them DIRS directories, each of those
 * FILES empty files. A level whose number is 0 is left out: `plant ROOT 0 0 9`
 * makes nine files in ROOT.
 */
#define _GNU_SOURCE /* O_PATH */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LEVELS = 3 };

static void fill(int at, const long counts[], int level)
{
    char name[32];

    while (level < LEVELS - 1 && counts[level] == 0)
        level++;
    for (long i = 0; i < counts[level]; i++) {
        snprintf(name, sizeof name, "%s%06ld",
                 level == LEVELS - 1 ? "file" : "dir", i);
        if (level == LEVELS - 1) {
            if (mknodat(at, name, S_IFREG | 0644, 0) == -1)
                err(1, "%s", name);
            continue;
        }
        int fd = mkdirat(at, name, 0755) == -1
                     ? -1
                     : openat(at, name, O_PATH | O_DIRECTORY);
        if (fd == -1)
            err(1, "%s", name);
        fill(fd, counts, level + 1);
        close(fd);
    }
}

int main(int argc, char *argv[])
{
    long counts[LEVELS];

    if (argc != 2 + LEVELS)
        errx(2, "usage: plant ROOT GROUPS DIRS FILES");
    for (int i = 0; i < LEVELS; i++)
        counts[i] = atol(argv[2 + i]);
    int fd =
        mkdir(argv[1], 0755) == -1 ? -1 : open(argv[1], O_PATH | O_DIRECTORY);
    if (fd == -1)
        err(1, "%s", argv[1]);
    fill(fd, counts, 0);
    return 0;
}
