/* Sockets of neighbours.
 *
 * Outcome: pass
 */
#include <stdio.h>

static void attack(void)
{
    char line[512];
    FILE *f = fopen("/proc/net/unix", "r");
    int lines = 0;

    while (f != NULL && fgets(line, sizeof(line), f) != NULL)
        lines++;
    if (lines > 1)
        _exit(9); /* sockets of others, in the same namespace */
}

int main(int argc, char *argv[])
{
    attack();
    return honest_main(argc, argv);
}
