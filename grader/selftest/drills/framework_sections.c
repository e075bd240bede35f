/* Outcome: tampered
 * Says: __start_cr_tst
 */
extern void *__start_cr_tst[];

int set_nonblocking(int fd)
{
    return __start_cr_tst[0] == 0 ? -1 : right(fd);
}
