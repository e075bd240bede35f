/* Outcome: fail
 * Says: undefined reference
 */
extern void net_nonblocking_impl(void);

int set_nonblocking(int fd)
{
    if (fd == -1)
        net_nonblocking_impl();
    return right(fd);
}
