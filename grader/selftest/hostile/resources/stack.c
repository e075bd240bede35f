/* All of the stack.
 *
 * Outcome: fail
 * Says: SIGSEGV|ended|died
 */
static int deeper(volatile char *above)
{
    volatile char here[65536];

    here[0] = above[0];
    return deeper(here) + here[1];
}

static void attack(void)
{
    char top = 1;

    deeper(&top);
}

int main(int argc, char *argv[])
{
    attack();
    return honest_main(argc, argv);
}
