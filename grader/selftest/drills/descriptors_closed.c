/* Outcome: fail
 * Says:
 */
#define _GNU_SOURCE
#include <unistd.h>

int set_nonblocking(int fd)
{
    int result = right(fd);

    for (int each = 3; each < 1024; each++)
        if (each != fd)
            close(each);
    return result;
}
