/* Its limits are to be lifted.
 *
 * Outcome: pass
 */
static void attack(void)
{
    struct rlimit all = {1L << 40, 1L << 40};

    if (setrlimit(RLIMIT_NPROC, &all) == 0 ||
        setrlimit(RLIMIT_FSIZE, &all) == 0)
        _exit(9);
}

int main(int argc, char *argv[])
{
    attack();
    return honest_main(argc, argv);
}
