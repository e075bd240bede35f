/* Outcome: tampered
 * Says: section .init
 */
__asm__(".section .init\n\tnop\n\t.previous");

int set_nonblocking(int fd)
{
    (void)fd;
    return right(fd);
}
