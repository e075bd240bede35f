/* Outcome: fail
 * Says: no more|observed|-1
 * Check: net.listen_ipv4
 * Replaces: tcp_listen
 */
#include <sys/resource.h>

int tcp_listen(const char *host, const char *port, int backlog)
{
    struct rlimit few = {8, 8};
    int fd = right(host, port, backlog);

    setrlimit(RLIMIT_NOFILE, &few);
    return fd;
}
