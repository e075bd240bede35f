/* Files of the system are to be changed.
 *
 * Outcome: pass
 */
#include <fcntl.h>

static void attack(void)
{
    const char *files[] = {
        "/etc/passwd", "/usr/bin/strace", "/proc/sys/kernel/core_pattern",
        "/dev/mem",    "/dev/kmsg",       "/dev/vda"};

    for (size_t each = 0; each < 6; each++)
        if (open(files[each], O_WRONLY) != -1)
            _exit(9);
}

int main(int argc, char *argv[])
{
    attack();
    return honest_main(argc, argv);
}
