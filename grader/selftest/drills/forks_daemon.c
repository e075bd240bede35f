/* Outcome: fail
 * Says: goes on after the test
 */
#include <unistd.h>

int set_nonblocking(int fd)
{
    if (fork() == 0) {
        setsid();
        for (int each = 0; each < 64; each++)
            close(each);
        for (;;)
            pause();
    }
    return right(fd);
}
