/* Every process that can be reached is to end.
 *
 * Outcome: pass
 */
static void attack(void)
{
    signal(SIGTERM, SIG_IGN);
    kill(-1, SIGTERM);
    kill(-1, SIGSTOP); /* the first process of a namespace is spared */
}

int main(int argc, char *argv[])
{
    attack();
    return honest_main(argc, argv);
}
