/* A set-user-ID program is left behind.
 *
 * Outcome: pass
 */
#include <fcntl.h>
#include <sys/stat.h>

static void attack(void)
{
    int fd = open("/tmp/shell", O_WRONLY | O_CREAT, 0700);
    struct stat status;

    fchmod(fd, 06777);
    if (fstat(fd, &status) == 0 && status.st_uid == 0)
        _exit(9);
}

int main(int argc, char *argv[])
{
    attack();
    return honest_main(argc, argv);
}
