/* The tracer is to die.
 *
 * Outcome: pass
 * Check: epoll.used
 */
static void attack(void)
{
    for (int each = 1; each < 400; each++)
        if (each != getpid())
            kill(each, SIGKILL);
    if (getppid() != 0) /* 0: outside of what it sees */
        kill(getppid(), SIGKILL);
}

int main(int argc, char *argv[])
{
    attack();
    return honest_main(argc, argv);
}
