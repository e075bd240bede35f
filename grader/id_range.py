"""A user namespace with more than one user, in which IDs can really change (user_namespaces(7)).

An ordinary sandbox has one user, so that setuid(2) to another fails there. More users must be mapped by
root, before the grading becomes unprivileged, or by newuidmap(1) from what /etc/subuid grants. Who made
the namespace has all rights in it, and none outside.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from grader import privilege

MANY = 16  # users besides root: 1 … 15 and nobody
NOBODY = 65534  # as grader/etc/passwd has it
LIMIT = 10.0  # seconds for a program that does nothing
LACK = "grade as root (sudo make grade …), or get the package uidmap and a line in /etc/subuid and /etc/subgid"


@contextmanager
def id_range(user: int | None) -> Iterator[int]:
    """Give a descriptor of a new user namespace that belongs to `user`, -1 where that is not possible.

    user: whom the grading becomes, None for: nobody else.
    """
    descriptor = _open(user)
    try:
        yield descriptor
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def _open(user: int | None) -> int:
    identity = {} if user is None else {"user": user, "group": user, "extra_groups": []}
    try:
        waiting = subprocess.Popen(
            ["/usr/bin/unshare", "--user", "/bin/cat"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            **identity,  # type: ignore[call-overload]
        )
    except OSError:
        return -1
    with waiting:
        try:
            waiting.stdin.write(b"x")
            begun = waiting.stdout.read(1) == b"x"  # cat runs, so the namespace is there
            if begun and _map(waiting.pid, user):
                return os.open(f"/proc/{waiting.pid}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
        except (OSError, subprocess.SubprocessError, privilege.NoUsers):
            pass  # then there is none
        finally:
            waiting.kill()
    return -1


def _map(pid: int, user: int | None) -> bool:
    """Give the namespace of a process its users: root is who made it."""
    if user is not None:
        first = privilege.unused_users(MANY)
        for file in ("uid_map", "gid_map"):
            Path(f"/proc/{pid}/{file}").write_text(_lines(user, first), "ascii")
        return True
    return all(
        _map_subordinate(pid, *each) for each in (("uid", os.getuid()), ("gid", os.getgid()))
    )


def _lines(root: int, first: int) -> str:
    return f"0 {root} 1\n1 {first} {MANY - 1}\n{NOBODY} {first + MANY - 1} 1\n"


def _map_subordinate(pid: int, kind: str, own: int) -> bool:
    """The same by newuidmap(1) or newgidmap(1)."""
    tool = shutil.which(f"new{kind}map")
    granted = _granted(Path(f"/etc/sub{kind}")) if tool else None
    if tool is None or granted is None:
        return False
    words = _lines(own, granted).split()
    done = subprocess.run(
        [tool, str(pid), *words], stderr=subprocess.DEVNULL, timeout=LIMIT, check=False
    )
    return done.returncode == 0


def _granted(file: Path) -> int | None:
    """The first of enough numbers that subuid(5) grants to this user."""
    names = {entry.pw_name for entry in pwd.getpwall() if entry.pw_uid == os.getuid()}
    names.add(str(os.getuid()))
    for line in file.read_text("utf-8").splitlines() if file.exists() else ():
        name, _, numbers = line.partition(":")
        first, _, count = numbers.partition(":")
        if name in names and count.isdigit() and int(count) >= MANY:
            return int(first)
    return None
