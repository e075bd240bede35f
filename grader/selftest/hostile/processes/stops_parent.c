/* Its parent, and the first process, are to stop.
 *
 * Outcome: pass
 */
static void attack(void)
{
    if (getppid() != 0) /* 0: outside of what it sees */
        kill(getppid(), SIGSTOP);
    kill(1, SIGSTOP);
    kill(1, SIGKILL);
}

int main(int argc, char *argv[])
{
    attack();
    return honest_main(argc, argv);
}
