"""Root becomes nobody in particular: a user id of its own for everything that touches student code."""

from __future__ import annotations

import os
import pwd
import random
import shutil
from pathlib import Path

FIRST, LAST = 61184, 65519  # the range that systemd keeps free for DynamicUser=


def is_root() -> bool:
    """Return whether this process is root, and so has to become somebody else, which root can.

    Root of a user namespace that has no other users is nobody in particular already.
    """
    return (os.geteuid() == 0 or os.getuid() == 0) and _exists(FIRST) and _exists(LAST)


def _exists(user: int) -> bool:
    """Return whether this user namespace has a user of that id, see user_namespaces(7)."""
    for line in Path("/proc/self/uid_map").read_text("ascii").splitlines():
        first, _, count = map(int, line.split())
        if first <= user < first + count:
            return True
    return False


def unused_user() -> int:
    """Return a user id that no account, and no running process, has."""
    taken = {entry.pw_uid for entry in pwd.getpwall()} | _running_users()
    candidates = [number for number in range(FIRST, LAST + 1) if number not in taken]
    return random.SystemRandom().choice(candidates)


class NoUsers(RuntimeError):
    """All user ids that could be had are in use."""


def unused_users(count: int) -> int:
    """Return the first of `count` user ids in a row that no account, and no running process, has.

    Raises NoUsers.
    """
    taken = {entry.pw_uid for entry in pwd.getpwall()} | _running_users()
    firsts = range(FIRST, LAST - count + 2, count)
    free = [first for first in firsts if taken.isdisjoint(range(first, first + count))]
    if not free:
        raise NoUsers(f"no {count} user ids in a row are free")
    return random.SystemRandom().choice(free)


def _running_users() -> set[int]:
    users = set()
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                users.add(os.stat(f"/proc/{name}").st_uid)
            except OSError:
                continue
    return users


def give(folder: Path, user: int) -> None:
    """Make `user` the owner of a folder and of everything in it."""
    for base, folders, files in os.walk(folder):
        for name in (".", *folders, *files):
            os.chown(os.path.join(base, name), user, user, follow_symlinks=False)


def readable_by_all(path: Path) -> bool:
    """Return whether any user may reach `path` and read what is in it."""
    if not os.stat(path).st_mode & 0o004:
        return False
    return all(os.stat(folder).st_mode & 0o001 for folder in (path, *path.parents))


def copy_for(user: int, root: Path, target: Path, names: tuple[str, ...]) -> Path:
    """Copy the named folders of the tree at `root`, as far as it has them, to where `user` can read them."""
    for name in names:
        if (root / name).exists():
            shutil.copytree(root / name, target / name)
    for base, folders, files in os.walk(target):
        os.chmod(base, 0o755)
        for file in files:
            path = os.path.join(base, file)
            os.chmod(path, os.stat(path).st_mode | 0o444)
    return target
