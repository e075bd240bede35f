/* A core file of everything.
 *
 * Outcome: fail
 * Says: SIGABRT|ended|died
 */
static void attack(void)
{
    struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};

    setrlimit(RLIMIT_CORE, &all);
    abort();
}

int main(int argc, char *argv[])
{
    attack();
    return honest_main(argc, argv);
}
