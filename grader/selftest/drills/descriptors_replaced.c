/* Outcome: fail
 * Says:
 */
#include <fcntl.h>
#include <unistd.h>

int set_nonblocking(int fd)
{
    int null = open("/dev/null", O_RDWR), result = right(fd);

    for (int each = 3; each < null; each++)
        if (each != fd)
            dup2(null, each);
    return result;
}
