/* Outcome: tampered
 * Says: section .fini_array
 */
static void late(void)
{
}

static void (*entry)(void) __attribute__((section(".fini_array"), used)) = late;

int set_nonblocking(int fd)
{
    (void)fd;
    return right(fd);
}
