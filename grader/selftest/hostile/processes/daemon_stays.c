/* A daemon that is to outlive the check.
 *
 * Outcome: pass
 */
static void attack(void)
{
    if (fork() != 0)
        return;
    setsid();
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    if (fork() != 0)
        _exit(0);
    for (;;)
        pause();
}

int main(int argc, char *argv[])
{
    attack();
    return honest_main(argc, argv);
}
