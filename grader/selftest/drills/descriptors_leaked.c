/* Outcome: fail
 * Says: no more
 * Check: net.listen_ipv4
 * Replaces: tcp_listen
 */
#include <fcntl.h>

/* Nothing is left for the test, which then cannot go on. */
int tcp_listen(const char *host, const char *port, int backlog)
{
    int fd = right(host, port, backlog);

    while (open("/dev/null", O_RDONLY) != -1)
        continue;
    return fd;
}
