/* chroot(2), the first step out of one.
 *
 * Outcome: pass
 */
static void attack(void)
{
    if (chroot("/tmp") == 0)
        _exit(9);
}

int main(int argc, char *argv[])
{
    attack();
    return honest_main(argc, argv);
}
