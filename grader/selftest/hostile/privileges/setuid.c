/* To become root.
 *
 * Outcome: pass
 */
static void attack(void)
{
    char *none[] = {"sudo", "-n", "id", NULL};

    if (setuid(0) == 0 || seteuid(0) == 0 || setgid(0) == 0)
        _exit(9);
    if (vfork() == 0) {
        execv("/usr/bin/sudo", none);
        execv("/usr/bin/su", none);
        _exit(0);
    }
}

int main(int argc, char *argv[])
{
    attack();
    return honest_main(argc, argv);
}
