/* All of the disk.
 *
 * Outcome: pass
 */
#include <fcntl.h>

static void attack(void)
{
    static char block[1 << 20] = {1};
    const char *places[] = {"/tmp/full", "/dev/shm/full", "/run/full",
                            "/var/log/full"};

    for (size_t each = 0; each < 4; each++) {
        int fd = open(places[each], O_WRONLY | O_CREAT, 0600);

        while (fd != -1 && write(fd, block, sizeof(block)) > 0)
            continue;
        close(fd);
    }
}

int main(int argc, char *argv[])
{
    attack();
    return honest_main(argc, argv);
}
