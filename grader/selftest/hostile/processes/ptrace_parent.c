/* Other processes are to be traced.
 *
 * Outcome: pass
 */
#include <sys/ptrace.h>

static void attack(void)
{
    for (int each = 1; each < 300; each++)
        if (each != getpid() && ptrace(PTRACE_ATTACH, each, 0, 0) == 0)
            _exit(9);
}

int main(int argc, char *argv[])
{
    attack();
    return honest_main(argc, argv);
}
