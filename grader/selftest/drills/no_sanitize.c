/* Outcome: tampered
 * Says: switches a sanitizer off
 * Check: io.write_some
 * Replaces: write_some
 */
#define QUIETLY __attribute__((no_sanitize("address")))

/* Writes one byte too much; AddressSanitizer is not to see it. */
QUIETLY ssize_t write_some(int fd, struct ring *ring)
{
    ring->data[ring->capacity] = 0;
    return right(fd, ring);
}
