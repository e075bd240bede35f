/*
 * errors.h - drill `errors`: say what went wrong, and change nothing by it
 *
 * You write errors.c.
 *
 * see also: errno(3), strerror(3), snprintf(3), exit(3); TLPI 3.4, 3.5.2, 25.4
 */
#ifndef ERRORS_H
#define ERRORS_H

#include <stddef.h>

/*
 * format_error - the message for an error number, in buf (size bytes):
 *
 *     format_error(buf, sizeof buf, "/etc/shadow", EACCES)
 *     "/etc/shadow: Permission denied (EACCES)"
 *
 * A number that has no name is shown as strerror(3) shows it, without a name:
 * "x: Unknown error 4095". If the message does not fit, its beginning is
 * stored; with a size of 1 or more buf always ends in '\0', and never anything
 * is written behind buf + size (so nothing with a size of 0, where buf may be
 * NULL).
 *
 * errno is afterwards what it was before: a caller reports an error and then
 * still asks for it.
 *
 * Returns the length of the whole message, as snprintf(3) does.
 * strerrorname_np(3), strerror_r(3).
 */
int format_error(char *buf, size_t size, const char *what, int err);

/*
 * die - report errno and end the process with exit status 1.
 *
 * Writes one line to stderr: "NAME: " with the program's name
 * (program_invocation_short_name), format_error of what and the errno that die
 * found when it was called, and a newline.
 *
 * Then the process ends as _exit(2) ends it: neither are functions of atexit(3)
 * called nor stdio buffers flushed. In a child of fork(2) both belong to the
 * parent, and would be done twice. Never returns. TLPI 25.1, 25.4.
 */
_Noreturn void die(const char *what);

#endif
