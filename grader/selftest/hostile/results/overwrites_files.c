/* The result is to be overwritten.
 *
 * Outcome: pass
 */
#include <fcntl.h>

static void attack(void)
{
    const char *names[] = {"result.json", "../result.json", "/tmp/result.json",
                           "job.json",    "/proc/self/exe", "/proc/1/exe"};

    for (size_t each = 0; each < 6; each++) {
        int fd = open(names[each], O_WRONLY | O_CREAT | O_TRUNC, 0666);

        if (fd != -1 && write(fd, "{}", 2) == -1)
            close(fd);
    }
}

int main(int argc, char *argv[])
{
    attack();
    return honest_main(argc, argv);
}
