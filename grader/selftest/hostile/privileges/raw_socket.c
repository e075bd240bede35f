/* Raw sockets.
 *
 * Outcome: pass
 */
#include <sys/socket.h>

static void attack(void)
{
    if (socket(AF_INET, SOCK_RAW, 255) != -1 ||
        socket(AF_PACKET, SOCK_RAW, 0) != -1)
        _exit(9);
}

int main(int argc, char *argv[])
{
    attack();
    return honest_main(argc, argv);
}
