/* The memory of other processes is to be written.
 *
 * Outcome: pass
 */
#include <fcntl.h>
#include <stdio.h>

static void attack(void)
{
    char path[64];

    for (int each = 2; each < 300; each++) { /* 1 only holds the sandbox */
        snprintf(path, sizeof(path), "/proc/%d/mem", each);
        if (each != getpid() && open(path, O_RDWR) != -1)
            _exit(9);
    }
}

int main(int argc, char *argv[])
{
    attack();
    return honest_main(argc, argv);
}
