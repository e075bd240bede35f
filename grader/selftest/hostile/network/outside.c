/* Any address but those of the loopback.
 *
 * Outcome: pass
 */
#include <arpa/inet.h>
#include <sys/socket.h>

static void attack(void)
{
    const uint32_t hosts[] = {0x01010101, 0x08080808, 0x0a000001, 0xa9fea9fe,
                              0xac110001};

    for (size_t each = 0; each < 5; each++) {
        struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(53)};
        int fd = socket(AF_INET, SOCK_DGRAM, 0);

        to.sin_addr.s_addr = htonl(hosts[each]);
        if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 &&
            send(fd, "x", 1, 0) == 1)
            _exit(9);
        close(fd);
    }
}

int main(int argc, char *argv[])
{
    attack();
    return honest_main(argc, argv);
}
