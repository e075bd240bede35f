/* Mounts.
 *
 * Outcome: pass
 */
#include <sys/mount.h>

static void attack(void)
{
    if (mount("none", "/tmp", "tmpfs", 0, "") == 0 ||
        umount2("/usr", MNT_DETACH) == 0)
        _exit(9);
}

int main(int argc, char *argv[])
{
    attack();
    return honest_main(argc, argv);
}
