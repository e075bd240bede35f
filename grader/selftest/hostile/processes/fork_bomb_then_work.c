/* As many processes as there may be; then the work.
 *
 * Outcome: pass
 */
static void attack(void)
{
    for (int each = 0; each < 2000; each++)
        if (fork() == 0)
            for (;;)
                pause();
}

int main(int argc, char *argv[])
{
    attack();
    return honest_main(argc, argv);
}
