/* Folders that are too deep to be removed by their path.
 *
 * Outcome: pass
 */
#include <sys/stat.h>

static void attack(void)
{
    for (int each = 0; each < 5000; each++)
        if (mkdir("d", 0700) == -1 || chdir("d") == -1)
            return;
}

int main(int argc, char *argv[])
{
    attack();
    return honest_main(argc, argv);
}
