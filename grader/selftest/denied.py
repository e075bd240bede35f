"""A machine that forbids something: this process, and all that it starts, is refused the system calls."""

from __future__ import annotations

import ctypes
import errno

PR_SET_NO_NEW_PRIVS = 38
CLONE_NEWUSER = 0x10000000


def deny(what: str) -> None:
    """Refuse "user namespaces" or "ptrace" from now on, as a strict container does (seccomp(2))."""
    import seccomp

    rules = seccomp.SyscallFilter(defaction=seccomp.ALLOW)
    refusal = seccomp.ERRNO(errno.EPERM)
    if what == "ptrace":
        rules.add_rule(refusal, "ptrace")
    else:
        new_user = seccomp.Arg(0, seccomp.MASKED_EQ, CLONE_NEWUSER, CLONE_NEWUSER)
        rules.add_rule(refusal, "clone", new_user)
        rules.add_rule(refusal, "unshare", new_user)
        rules.add_rule(seccomp.ERRNO(errno.ENOSYS), "clone3")
    rules.set_attr(seccomp.Attr.CTL_NNP, 0)
    if ctypes.CDLL(None).geteuid() != 0:
        ctypes.CDLL(None).prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    rules.load()
