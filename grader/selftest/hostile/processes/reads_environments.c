/* What the grader has in its environment.
 *
 * Outcome: pass
 */
#include <fcntl.h>
#include <stdio.h>

static void attack(void)
{
    char path[64], text[8192];

    for (int each = 1; each < 300; each++) {
        snprintf(path, sizeof(path), "/proc/%d/environ", each);
        int fd = open(path, O_RDONLY);
        ssize_t n = fd == -1 ? 0 : read(fd, text, sizeof(text) - 1);

        if (n > 0 && memmem(text, (size_t)n, "SYSLABS", 7) != NULL)
            _exit(9);
    }
}

int main(int argc, char *argv[])
{
    attack();
    return honest_main(argc, argv);
}
