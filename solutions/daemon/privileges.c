/* see also: privileges.h (the contract), credentials(7), capabilities(7) */
#define _GNU_SOURCE /* setresuid */
#include "privileges.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool all_are(uid_t uid, gid_t gid)
{
    uid_t ru, eu, su;
    gid_t rg, eg, sg;

    if (getresuid(&ru, &eu, &su) == -1 || getresgid(&rg, &eg, &sg) == -1)
        return false;
    return ru == uid && eu == uid && su == uid && rg == gid && eg == gid &&
           sg == gid;
}

/* Whoever is no longer root may set neither groups nor group. setresuid(2) says
 * which IDs it means; what setuid(2) does depends on who calls it. */
int drop_to(const char *user)
{
    struct passwd *entry;

    errno = 0;
    entry = getpwnam(user);
    if (entry == NULL) {
        errno = errno == 0 ? ENOENT : errno;
        return -1;
    }
    uid_t uid = entry->pw_uid;
    gid_t gid = entry->pw_gid;

    if (setgroups(1, &gid) == -1 || setresgid(gid, gid, gid) == -1 ||
        setresuid(uid, uid, uid) == -1)
        return -1;
    if (!all_are(uid, gid)) {
        errno = EPERM;
        return -1;
    }
    return 0;
}

/* Numbers above the kernel's last are refused, which is the end of the list. */
static int bound_to(int capability)
{
    for (int each = 0; prctl(PR_CAPBSET_READ, each, 0, 0, 0) != -1; each++)
        if (each != capability && prctl(PR_CAPBSET_READ, each, 0, 0, 0) == 1 &&
            prctl(PR_CAPBSET_DROP, each, 0, 0, 0) == -1)
            return -1;
    return 0;
}

/* The bounding set first: to change it takes a capability that goes next. */
int keep_only(int capability)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct sets[2] = {{0}};

    if (capability >= 0) {
        unsigned bit = 1U << (capability % 32);

        sets[capability / 32].permitted = bit;
        sets[capability / 32].effective = bit;
    }
    if (bound_to(capability) == -1)
        return -1;
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == -1)
        return -1;
    return (int)syscall(SYS_capset, &header, sets);
}
