/* Outcome: tampered
 * Says: named _exit
 */
void leave(int status) __asm__("_exit");

void leave(int status)
{
    for (;;)
        (void)status;
}

int set_nonblocking(int fd)
{
    (void)fd;
    return right(fd);
}
