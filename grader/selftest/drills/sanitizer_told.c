/* Outcome: fail
 * Says: overflow
 * Check: io.write_some
 * Replaces: write_some
 */
/* Well behaved only where it is looked at closely. */
ssize_t write_some(int fd, struct ring *ring)
{
#ifndef __SANITIZE_ADDRESS__
    ring->data[ring->capacity] = 0;
#endif
    return right(fd, ring);
}
