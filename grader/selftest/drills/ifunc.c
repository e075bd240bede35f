/* Outcome: tampered
 * Says: ifunc
 */
static int chosen(int fd)
{
    return fd;
}

static int (*choose(void))(int)
{
    return chosen;
}

int picked(int fd) __attribute__((ifunc("choose")));

int set_nonblocking(int fd)
{
    (void)fd;
    return right(fd);
}
