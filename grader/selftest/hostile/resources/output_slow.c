/* A byte now and then, for ever.
 *
 * Outcome: fail
 * Says: limit|listen|time
 * Check: echo.half_close
 */
static void attack(void)
{
    for (;;) {
        if (write(STDERR_FILENO, ".", 1) == -1)
            return;
        usleep(100000);
    }
}

int main(int argc, char *argv[])
{
    attack();
    return honest_main(argc, argv);
}
