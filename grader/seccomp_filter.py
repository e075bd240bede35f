"""The system calls that a sandboxed program is refused, as a compiled seccomp filter.

The filter lets no call escape the trace (untraced children, io_uring, foreign ABIs, calls that a filter of
the program's own hands to somebody else before strace sees them) and no program build a sandbox of its own. It
is compiled by libseccomp for the architecture of the machine.
"""

from __future__ import annotations

import errno
import os
from functools import cache
from typing import Any

CLONE_NEW = 0x7E020000  # every CLONE_NEW* namespace flag of clone(2) but NEWTIME
CLONE_UNTRACED = 0x00800000
PR_SET_DUMPABLE = 4
# Of seccomp(2): what a listener is told comes before SECCOMP_RET_TRACE.
SECCOMP_FILTER_FLAG_NEW_LISTENER = 8
AF_ALLOWED = {1, 2, 10, 16}  # AF_UNIX, AF_INET, AF_INET6, AF_NETLINK
AF_MAX = 46

ABSENT = ("clone3", "io_uring_setup", "io_uring_enter", "io_uring_register")
FORBIDDEN = (
    *("keyctl", "add_key", "request_key", "unshare", "setns", "mount", "umount2", "pivot_root"),
    *("move_mount", "open_tree", "fsopen", "fsmount", "bpf", "perf_event_open", "userfaultfd"),
    *("init_module", "finit_module", "kexec_load", "reboot", "swapon", "swapoff", "syslog"),
)
REACHING = ("process_vm_writev", "process_madvise")  # and ptrace, unless it is lent


@cache
def compiled(ptrace: bool = False, trap: bool = False) -> int:
    """Return a descriptor that holds the filter as struct sock_filter[], see seccomp(2).

    ptrace: let the program trace its own children and start untraced threads, which
    LeakSanitizer and the tracers of lab `syscalls` need; trap: SIGSYS for whoever reaches for another
    process or hides one from the tracer. A signal is in the trace, which `strace --seccomp-bpf` keeps
    refused calls out of.
    """
    import seccomp  # pylint: disable=import-outside-toplevel

    rules = seccomp.SyscallFilter(defaction=seccomp.ALLOW)
    rules.set_attr(seccomp.Attr.ACT_BADARCH, seccomp.KILL_PROCESS)
    refusal = seccomp.ERRNO(errno.EPERM)
    told = seccomp.TRAP if trap else refusal
    _refuse(rules, ABSENT, seccomp.ERRNO(errno.ENOSYS))
    _refuse(rules, FORBIDDEN, refusal)
    _refuse(rules, REACHING if ptrace else (*REACHING, "ptrace"), told)
    _refuse_flags(rules, "clone", 0, CLONE_NEW, refusal)
    if not ptrace:
        _refuse_flags(rules, "clone", 0, CLONE_UNTRACED, told)
    _refuse_flags(rules, "seccomp", 1, SECCOMP_FILTER_FLAG_NEW_LISTENER, refusal)
    _refuse_families(rules)
    rules.add_rule(refusal, "prctl", _is(PR_SET_DUMPABLE))
    return _exported(rules)


def _refuse(rules: Any, names: tuple[str, ...], action: Any) -> None:
    for name in names:
        rules.add_rule(action, name)


def _refuse_flags(rules: Any, name: str, argument: int, flags: int, action: Any) -> None:
    """Refuse a call in which that argument (from 0) has one of these bits."""
    import seccomp

    for bit in range(32):
        flag = 1 << bit
        if flags & flag:
            rules.add_rule(action, name, seccomp.Arg(argument, seccomp.MASKED_EQ, flag, flag))


def _refuse_families(rules: Any) -> None:
    import seccomp

    for family in set(range(AF_MAX)) - AF_ALLOWED:
        unsupported = seccomp.ERRNO(errno.EAFNOSUPPORT)
        rules.add_rule(unsupported, "socket", _is(family))


def _is(value: int) -> Any:
    """The first argument is this int: the kernel ignores the upper half of the register, so must we."""
    import seccomp

    return seccomp.Arg(0, seccomp.MASKED_EQ, 0xFFFFFFFF, value)


def _exported(rules: Any) -> int:
    descriptor = os.memfd_create("seccomp-filter")
    with os.fdopen(os.dup(descriptor), "wb") as file:
        rules.export_bpf(file)
    return descriptor
