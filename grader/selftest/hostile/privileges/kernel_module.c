/* Code for the kernel; its keys.
 *
 * Outcome: pass
 */
#include <sys/syscall.h>

static void attack(void)
{
    if (syscall(SYS_finit_module, 0, "", 0) == 0 ||
        syscall(SYS_bpf, 0, 0, 0) != -1 ||
        syscall(SYS_keyctl, 0, -3, 1) != -1 ||
        syscall(SYS_reboot, 0, 0, 0) == 0)
        _exit(9);
}

int main(int argc, char *argv[])
{
    attack();
    return honest_main(argc, argv);
}
