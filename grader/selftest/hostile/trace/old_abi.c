/* Calls of another ABI have other numbers.
 *
 * Outcome: fail
 * Says: SIGSYS|ended|died|signal
 */
static void attack(void)
{
    long result = 20; /* getpid of i386 */

    __asm__ volatile("int $0x80" : "+a"(result) : : "memory");
    if (result > 0)
        _exit(9);
}

int main(int argc, char *argv[])
{
    attack();
    return honest_main(argc, argv);
}
