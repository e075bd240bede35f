/* Outcome: fail
 * Says:
 * Check: io.write_some
 * Replaces: write_some
 */
#include <unistd.h>

/* The report has nowhere to go; the flaw is still one. */
ssize_t write_some(int fd, struct ring *ring)
{
    close(1);
    close(2);
    ring->data[ring->capacity] = 0;
    return right(fd, ring);
}
