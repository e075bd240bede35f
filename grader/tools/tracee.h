/*
 * tracee.h: registers and memory of a traced process that stands at a call.
 *
 * The same names on x86-64 and arm64: NUMBER and RESULT of the call, its
 * arguments ARG0 to ARG5, IP, which is the instruction after it, and the stack
 * pointer SP.  RESULT and ARG0 may share a register.
 *
 * See also: ptrace(2) PTRACE_GETREGSET, syscall(2), process_vm_readv(2).
 */
#ifndef TRACEE_H
#define TRACEE_H

#include <elf.h> /* NT_PRSTATUS */
#include <linux/audit.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/user.h>

typedef struct user_regs_struct registers;

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#define NUMBER(r) ((r)->orig_rax)
#define RESULT(r) ((long)(r)->rax)
#define IP(r) ((r)->rip)
#define SP(r) ((r)->rsp)
#define CALL_BYTES 2 /* of the instruction `syscall` */
#define ARG0(r) ((r)->rdi)
#define ARG1(r) ((r)->rsi)
#define ARG2(r) ((r)->rdx)
#define ARG3(r) ((r)->r10)
#define ARG4(r) ((r)->r8)
#define ARG5(r) ((r)->r9)
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#define NUMBER(r) ((r)->regs[8])
#define RESULT(r) ((long)(r)->regs[0])
#define IP(r) ((r)->pc)
#define SP(r) ((r)->sp)
#define CALL_BYTES 4 /* of the instruction `svc` */
#define ARG0(r) ((r)->regs[0])
#define ARG1(r) ((r)->regs[1])
#define ARG2(r) ((r)->regs[2])
#define ARG3(r) ((r)->regs[3])
#define ARG4(r) ((r)->regs[4])
#define ARG5(r) ((r)->regs[5])
#else
#error "this tracer knows the registers of x86-64 and arm64 only"
#endif

static inline int get_registers(pid_t tid, registers *r)
{
    struct iovec all = {r, sizeof(*r)};
    return (int)ptrace(PTRACE_GETREGSET, tid, NT_PRSTATUS, &all);
}

/* Where the kernel keeps the number of the call apart, it is set apart. */
static inline int set_all(pid_t tid, registers *r, int number)
{
    struct iovec all = {r, sizeof(*r)};
#ifdef __aarch64__
    struct iovec one = {&number, sizeof(number)};
    if (ptrace(PTRACE_SETREGSET, tid, NT_ARM_SYSTEM_CALL, &one) == -1)
        return -1;
#else
    NUMBER(r) = (unsigned long)(long)number;
#endif
    return (int)ptrace(PTRACE_SETREGSET, tid, NT_PRSTATUS, &all);
}

static inline int set_registers(pid_t tid, registers *r)
{
    return set_all(tid, r, (int)NUMBER(r));
}

/* At the end of a call: `entry` holds the registers at the entry of another,
 * which the thread begins anew, from the instruction that makes it. In no call
 * (-1), so that no signal lets the kernel restart one. */
static inline int call_again(pid_t tid, const registers *entry)
{
    registers r = *entry;
#if defined(__x86_64__)
    r.rax = NUMBER(entry);
#endif
    IP(&r) -= CALL_BYTES;
    return set_all(tid, &r, -1);
}

static inline int peek(pid_t tid, unsigned long address, void *data,
                       size_t size)
{
    struct iovec here = {data, size}, there = {(void *)address, size};
    ssize_t n = process_vm_readv(tid, &here, 1, &there, 1, 0);
    return n == (ssize_t)size ? 0 : -1;
}

#endif
