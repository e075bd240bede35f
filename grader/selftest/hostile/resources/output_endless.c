/* Output without end.
 *
 * Outcome: fail
 * Says: limit|listen|output|SIGXFSZ|ended
 * Check: echo.half_close
 */
static void attack(void)
{
    static char text[65536];

    memset(text, 'x', sizeof(text));
    while (write(STDERR_FILENO, text, sizeof(text)) > 0)
        continue;
    for (;;)
        pause();
}

int main(int argc, char *argv[])
{
    attack();
    return honest_main(argc, argv);
}
