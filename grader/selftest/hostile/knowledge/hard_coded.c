/* Answers that are known by heart.
 *
 * Outcome: fail
 * Check: echo.order
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* What the check sent once. */
int main(int argc, char *argv[])
{
    struct sockaddr_in6 at = {.sin6_family = AF_INET6};
    int fd = socket(AF_INET6, SOCK_STREAM, 0), peer;

    if (argc != 2)
        return 2;
    at.sin6_port = htons((uint16_t)atoi(argv[1]));
    if (bind(fd, (struct sockaddr *)&at, sizeof(at)) == -1 ||
        listen(fd, 99) == -1)
        return 1;
    while ((peer = accept(fd, NULL, NULL)) != -1)
        if (write(peer, "hello, world\n", 13) == -1)
            return 1;
    return 1;
}
