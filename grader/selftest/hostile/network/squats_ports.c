/* Ports that a neighbour may want.
 *
 * Outcome: pass
 */
#include <arpa/inet.h>
#include <sys/socket.h>

static void attack(void)
{
    if (fork() != 0)
        return;
    for (int port = 1024; port < 4000; port++) {
        struct sockaddr_in at = {.sin_family = AF_INET,
                                 .sin_port = htons(port)};
        int fd = socket(AF_INET, SOCK_STREAM, 0);

        if (fd == -1 || bind(fd, (struct sockaddr *)&at, sizeof(at)) == -1)
            break;
        listen(fd, 1);
    }
    for (;;)
        pause();
}

int main(int argc, char *argv[])
{
    attack();
    return honest_main(argc, argv);
}
