/* Outcome: tampered
 * Says: section .init_array
 */
static void early(void)
{
}

static void (*entry)(void)
    __attribute__((section(".init_array"), used)) = early;

int set_nonblocking(int fd)
{
    (void)fd;
    return right(fd);
}
