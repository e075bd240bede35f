/* It behaves only when it is traced.
 *
 * Outcome: fail
 * Says: ended|status
 */
#include <stdio.h>

/* It would echo nothing unless somebody looks. */
static void attack(void)
{
    char line[256];
    FILE *f = fopen("/proc/self/status", "r");
    int tracer = 0;

    while (f != NULL && fgets(line, sizeof(line), f) != NULL)
        sscanf(line, "TracerPid: %d", &tracer);
    if (tracer == 0)
        _exit(9);
}

int main(int argc, char *argv[])
{
    attack();
    return honest_main(argc, argv);
}
