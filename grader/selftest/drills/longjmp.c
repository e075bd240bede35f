/* Outcome: fail
 * Says:
 */
#include <setjmp.h>

static jmp_buf back;
static int called;

static void remember(void)
{
    setjmp(back);
}

/* Back into a frame that is gone. */
int set_nonblocking(int fd)
{
    if (called++ == 0) {
        remember();
        return right(fd);
    }
    longjmp(back, 1);
}
