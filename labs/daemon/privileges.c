/* see also: privileges.h (the contract), credentials(7), capabilities(7) */
#include "privileges.h"

#include <errno.h>

/* TODO(privileges): getpwnam(3); setgroups(2), setresgid(2), setresuid(2);
 * getresuid(2), getresgid(2). Which call needs what another one takes away? */
int drop_to(const char *user)
{
    (void)user;
    errno = ENOSYS;
    return -1;
}

/* TODO(privileges): prctl(2), PR_CAPBSET_DROP and PR_CAP_AMBIENT; capset(2) by
 * syscall(2), with version 3 of its structures, two of them. */
int keep_only(int capability)
{
    (void)capability;
    errno = ENOSYS;
    return -1;
}
