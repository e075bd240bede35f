/*
 * raw.h - drill `raw`: system calls without the C library
 *
 * Each wrapper of the C library puts a number and the arguments into registers,
 * executes one instruction, and makes -1 and errno of a negative result. You
 * write raw.c, which does the first two by itself and leaves out the third.
 *
 *                instruction   number   arguments                      result
 *     x86-64     syscall       rax      rdi rsi rdx r10 r8 r9          rax
 *     arm64      svc #0        x8       x0 x1 x2 x3 x4 x5              x0
 *
 * On x86-64 the instruction itself destroys rcx and r11. In both cases the
 * kernel may read and write memory that the compiler does not know of: say so
 * ("memory"). raw.c calls no function of the C library, syscall(3) neither.
 *
 * see also: syscall(2) (the tables of registers), syscalls(2), errno(3),
 * <sys/syscall.h>; gcc's manual, Extended Asm; TLPI 3.1
 */
#ifndef RAW_H
#define RAW_H

#include <stddef.h>
#include <sys/types.h>

/*
 * raw_write - one write(2) of n bytes from buf to fd, no more.
 *
 * Returns what the kernel returns: how many bytes were written, or -EBADF,
 * -EINTR ... errno stays as it is.
 */
long raw_write(int fd, const void *buf, size_t n);

/* raw_getpid - the number of this process, asked of the kernel. getpid(2). */
pid_t raw_getpid(void);

#endif
