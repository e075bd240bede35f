"""A machine that forbids or lacks something, for one command and all that it starts."""

from __future__ import annotations

import errno
import os
from pathlib import Path

PACKAGES = Path("/usr/lib/python3/dist-packages")
CLONE_NEWUSER = 0x10000000


def deny(what: str) -> None:
    """Refuse "user namespaces" or "ptrace" to this process from now on, as a strict container does."""
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
    rules.load()


def altered(*options: str) -> list[str]:
    """The words before a command that show it another file system: the usual one, and bwrap's options."""
    powers = ["--cap-add", "ALL"] if os.geteuid() == 0 else []
    return ["/usr/bin/bwrap", *powers, "--dev-bind", "/", "/", *options, "--"]


def without(*files: str) -> list[str]:
    """The words before a command for which these files are missing, or at least of no use."""
    found = [file for file in files if Path(file).exists()]
    return altered(*(word for file in found for word in ("--ro-bind", "/dev/null", file)))


def without_module(name: str) -> list[str]:
    """The words before a command for which Debian's Python has no module of this name."""
    options = ["--tmpfs", str(PACKAGES)]
    for entry in PACKAGES.iterdir():
        if not entry.name.lstrip("_").startswith(name) and not entry.is_symlink():
            options += ["--ro-bind", str(entry), str(entry)]
    return altered(*options)


def small_disk(folder: Path, size: int) -> list[str]:
    """The words before a command for which `folder` is on a disk of `size` bytes."""
    return altered("--size", str(size), "--perms", "1777", "--tmpfs", str(folder))
