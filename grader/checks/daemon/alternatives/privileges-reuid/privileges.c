/* The older calls, and prctl numbers up to the kernel's last one. */
#define _GNU_SOURCE
#include "privileges.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int drop_to(const char *user)
{
    struct passwd *pw = getpwnam(user);
    uid_t real, effective, saved;
    gid_t group[3];

    if (pw == NULL) {
        errno = ENOENT;
        return -1;
    }
    if (initgroups(pw->pw_name, pw->pw_gid) != 0)
        return -1;
    if (setregid(pw->pw_gid, pw->pw_gid) != 0)
        return -1;
    if (setreuid(pw->pw_uid, pw->pw_uid) != 0)
        return -1;
    if (getresuid(&real, &effective, &saved) != 0 ||
        getresgid(&group[0], &group[1], &group[2]) != 0)
        return -1;
    for (int i = 0; i < 3; i++)
        if (group[i] != pw->pw_gid)
            real = (uid_t)-1;
    if (real == pw->pw_uid && effective == real && saved == real)
        return 0;
    errno = EPERM;
    return -1;
}

int keep_only(int capability)
{
    struct __user_cap_header_struct header;
    struct __user_cap_data_struct data[2];

    memset(&header, 0, sizeof(header));
    header.version = _LINUX_CAPABILITY_VERSION_3;
    if (syscall(SYS_capget, &header, data) == -1)
        return -1;
    if (capability >= 0 &&
        !(data[capability >> 5].permitted >> (capability & 31) & 1)) {
        errno = EPERM;
        return -1;
    }
    for (int i = 0; i <= CAP_LAST_CAP; i++)
        if (i != capability && prctl(PR_CAPBSET_DROP, i, 0, 0, 0) == -1 &&
            errno != EINVAL)
            return -1;
    memset(data, 0, sizeof(data));
    if (capability >= 0)
        data[capability >> 5].effective = data[capability >> 5].permitted =
            1U << (capability & 31);
    return syscall(SYS_capset, &header, data) == -1 ? -1 : 0;
}
