/* All inodes.
 *
 * Outcome: pass
 */
#include <stdio.h>
#include <sys/stat.h>

static void attack(void)
{
    char path[64];

    for (int each = 0; each < 100000; each++) {
        snprintf(path, sizeof(path), "/tmp/%d", each);
        if (mkdir(path, 0700) == -1)
            return;
    }
}

int main(int argc, char *argv[])
{
    attack();
    return honest_main(argc, argv);
}
