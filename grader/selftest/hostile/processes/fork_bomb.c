/* A fork bomb.
 *
 * Outcome: fail
 * Says: limit|listen|time
 * Check: echo.half_close
 */
static void attack(void)
{
    for (;;)
        fork();
}

int main(int argc, char *argv[])
{
    attack();
    return honest_main(argc, argv);
}
