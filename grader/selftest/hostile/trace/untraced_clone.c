/* A child that no tracer follows (CLONE_UNTRACED).
 *
 * Outcome: pass
 * Check: epoll.used
 */
#include <sys/syscall.h>

static void attack(void)
{
    if (syscall(SYS_clone, 0x00800000UL, 0, 0, 0, 0) != -1)
        _exit(9);
}

int main(int argc, char *argv[])
{
    attack();
    return honest_main(argc, argv);
}
