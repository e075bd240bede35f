/* In a user namespace of its own it would be root.
 *
 * Outcome: pass
 */
#include <sched.h>

static void attack(void)
{
    if (unshare(CLONE_NEWUSER) == 0 || unshare(CLONE_NEWNS) == 0)
        _exit(9);
}

int main(int argc, char *argv[])
{
    attack();
    return honest_main(argc, argv);
}
