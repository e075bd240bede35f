/* A trace without end.
 *
 * Outcome: fail
 * Says: limit|listen|time|calls
 * Check: epoll.used
 */
static void attack(void)
{
    for (;;)
        getppid();
}

int main(int argc, char *argv[])
{
    attack();
    return honest_main(argc, argv);
}
