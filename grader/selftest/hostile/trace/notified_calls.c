/* Calls that a filter of the program's own hands to a thread, which lets them go on: strace sees none of them
 * when it asks by a filter, too (seccomp_unotify(2), SECCOMP_USER_NOTIF_FLAG_CONTINUE).
 *
 * Outcome: pass
 * Check: epoll.used
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static void attack(void)
{
    struct sock_filter notify = {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW};
    struct sock_fprog program = {1, &notify};

    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                SECCOMP_FILTER_FLAG_NEW_LISTENER, &program) != -1)
        _exit(9); /* calls that no trace shows */
}

int main(int argc, char *argv[])
{
    attack();
    return honest_main(argc, argv);
}
