/*
 * perms.h - drill `perms`: permission bits
 *
 * You write perms.c. Nothing in here prints or exits.
 *
 * see also: inode(7), open(2), umask(2), access(2); TLPI 15.4
 */
#ifndef PERMS_H
#define PERMS_H

#include <sys/types.h>

/*
 * mode_string - type and permissions as `ls -l` writes them: "drwxr-xr-t".
 *
 * Writes ten characters and a NUL: the type (- d l p s c b, ? if it is none of
 * them), then three times three; s or S, s or S, t or T for the three special
 * bits, the small letter where x is set too. TLPI 15.4.5.
 */
void mode_string(mode_t mode, char string[11]);

/*
 * create_private - make a file that only its owner can read and write.
 *
 * Its mode is 0600 whatever the umask is, which stays as it is, and was never
 * wider, not for an instant. If there is something of that name already, a link
 * too, nothing happens.
 *
 * Returns a descriptor for reading and writing, close-on-exec, or -1 with the
 * errno of open(2) (EEXIST). TLPI 15.4.6.
 */
int create_private(const char *path);

/*
 * may_access - could this process do it? mode as in access(2): R_OK, W_OK, X_OK
 * or F_OK; but asked for the effective IDs, which open(2) uses, by faccessat(2)
 * with AT_EACCESS: access(2) asks for the real ones. (An answer is old as soon
 * as it is given: use it for messages, never as a lock.)
 *
 * Returns 0, or -1 with errno: EACCES, ENOENT ... TLPI 15.4.4.
 */
int may_access(const char *path, int mode);

#endif
