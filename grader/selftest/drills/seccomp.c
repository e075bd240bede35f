/* Outcome: fail
 * Says:
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

/* From now on every system call of this process seems to succeed. */
int set_nonblocking(int fd)
{
    struct sock_filter code[] = {
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO},
    };
    struct sock_fprog program = {1, code};

    (void)fd;
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
    return 0;
}
