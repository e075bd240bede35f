/* Outcome: tampered
 * Says: section .ctors
 */
static void early(void)
{
}

static void (*entry)(void) __attribute__((section(".ctors"), used)) = early;

int set_nonblocking(int fd)
{
    (void)fd;
    return right(fd);
}
