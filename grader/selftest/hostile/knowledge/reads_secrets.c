/* Secrets of the machine: none of them is there.
 *
 * Outcome: pass
 */
static void attack(void)
{
    const char *places[] = {"/etc/shadow",   "/root/.ssh", "/var/lib/docker",
                            "/home/student", "/etc/ssh",   "/sys/kernel",
                            "/run/quiet"};

    for (size_t each = 0; each < 7; each++)
        if (access(places[each], R_OK) == 0)
            _exit(9);
}

int main(int argc, char *argv[])
{
    attack();
    return honest_main(argc, argv);
}
