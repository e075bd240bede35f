/*
 * copy.h - drill `copy`: open, read, write, close, and all that can go wrong
 *
 * You write copy.c. Nothing in here prints or exits.
 *
 * see also: open(2), read(2), write(2), close(2), fstat(2); TLPI 4, 5.1, 15.1
 */
#ifndef COPY_H
#define COPY_H

#include <sys/types.h>

/*
 * copy_fd - copy everything from descriptor in, from where it stands up to
 * end-of-file, to descriptor out.
 *
 * Both are blocking. Short reads and short writes are no errors, and EINTR is
 * none; the calls move blocks of 4 KiB or more where there is so much, never
 * single bytes.
 *
 * Returns 0, or -1 with the errno of the call that failed. Both times *copied
 * is how many bytes have been written to out. TLPI 4.
 */
int copy_fd(int in, int out, off_t *copied);

/*
 * copy_file - make dst a copy of the bytes of src.
 *
 * If there is no dst, it is made with the permissions of mode (less the umask);
 * else it loses its contents and keeps its permissions. If dst is the same file
 * as src, by whatever name or link, nothing is changed: -1 and EINVAL. (Compare
 * what fstat(2) says of the two descriptors before you cut anything.) If src
 * cannot be opened, dst is not touched.
 *
 * Descriptors are close-on-exec, and none is left open. A file system may tell
 * only when the file is closed that it could not store it (close(2), NOTES):
 * that is an error too.
 *
 * Returns 0, or -1 with the errno of the call that failed; dst is then left as
 * far as it was written. TLPI 4.3, 15.1.
 */
int copy_file(const char *src, const char *dst, mode_t mode);

#endif
