/* The log of the machine is to be flooded.
 *
 * Outcome: pass
 */
#include <syslog.h>

static void attack(void)
{
    for (int each = 0; each < 20000; each++)
        syslog(LOG_EMERG, "flood %d", each);
}

int main(int argc, char *argv[])
{
    attack();
    return honest_main(argc, argv);
}
