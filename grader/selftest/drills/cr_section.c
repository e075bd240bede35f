/* Outcome: tampered
 * Says: test framework
 */
static void *test __attribute__((section("cr_tst"), used));

int set_nonblocking(int fd)
{
    (void)fd;
    return right(fd);
}
