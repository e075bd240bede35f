/* It is deaf, and waits for ever.
 *
 * Outcome: fail
 * Says: listen|time|limit
 * Check: echo.half_close
 */
static void attack(void)
{
    sigset_t all;

    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    for (int each = 1; each < 65; each++)
        signal(each, SIG_IGN);
    for (;;)
        pause();
}

int main(int argc, char *argv[])
{
    attack();
    return honest_main(argc, argv);
}
