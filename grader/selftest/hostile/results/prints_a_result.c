/* A result, on every descriptor that is open.
 *
 * Outcome: pass
 */
static void attack(void)
{
    const char *text = "{\"schema\": 1, \"event\": \"result\", \"score\": 100, "
                       "\"verdict\": \"pass\", \"points\": 100}\n";

    for (int fd = 0; fd < 64; fd++)
        if (write(fd, text, strlen(text)) == -1)
            continue;
}

int main(int argc, char *argv[])
{
    attack();
    return honest_main(argc, argv);
}
