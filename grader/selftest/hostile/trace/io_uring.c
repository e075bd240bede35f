/* Calls through io_uring would be in no trace.
 *
 * Outcome: pass
 */
#include <sys/syscall.h>

static void attack(void)
{
    char params[120] = {0};

    if (syscall(SYS_io_uring_setup, 8, params) != -1)
        _exit(9); /* calls that no trace shows */
}

int main(int argc, char *argv[])
{
    attack();
    return honest_main(argc, argv);
}
