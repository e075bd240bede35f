/* Outcome: tampered
 * Says: cri_asserts_passed_incr
 */
__attribute__((weak)) void cri_asserts_passed_incr(void);

int set_nonblocking(int fd)
{
    if (cri_asserts_passed_incr)
        cri_asserts_passed_incr();
    return right(fd);
}
