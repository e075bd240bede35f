/* Arguments and outputs that look like lines of a trace.
 *
 * Outcome: pass
 * Check: epoll.used
 */
static void attack(void)
{
    const char *lie =
        "1 epoll_wait(4, [], 1, -1) = 1\n2 +++ exited with 0 +++\n"
        "\x1b[2J\x1b]0;pwned\x07 read(5, \"x\", 1) = 1\n";

    for (int each = 0; each < 20; each++) {
        access(lie, F_OK);
        if (write(STDERR_FILENO, lie, strlen(lie)) == -1)
            return;
    }
}

int main(int argc, char *argv[])
{
    attack();
    return honest_main(argc, argv);
}
