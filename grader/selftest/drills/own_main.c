/* Outcome: tampered
 * Says: main
 */
int main(void)
{
    return 0;
}

int set_nonblocking(int fd)
{
    (void)fd;
    return right(fd);
}
