"""What a daemon must have left behind, as /proc tells it. Drill `detach` and the project are asked alike."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from grader.checks.daemon.house import House
from grader.escaped import Escaped
from grader.ledger import read_ledger

PROBES = Path(__file__).parent / "probes"
UMASK = "0047"  # of probes/caller.c
INHERITED = ("/tmp/inherited", "/dev/pts/", "/dev/ptmx")  # what probes/caller.c has open
STEPS = frozenset("setsid chdir fchdir umask dup2 dup3 close close_range openat ioctl".split())
NULL = "/dev/null"
PATIENCE = 0.3  # seconds: the last step may come right after the caller was told


@dataclass(frozen=True)
class Wrong:
    """One thing that is not as it should be. calls: by which it would have come about."""

    observed: str
    expected: str
    calls: tuple[str, ...] = ()

    @property
    def missing(self) -> str:
        """A remark for a trace without these calls."""
        return f"no call of {' or '.join(self.calls)} is in the trace"


def wrongs(home: House, daemon: Escaped, caller: int) -> list[Wrong]:
    """Return what is wrong with a daemon. caller: the process that it was started from, a session leader."""
    found: list[Wrong] = []

    def in_order() -> bool:
        found[:] = [*_session(home, daemon, caller), *_place(daemon), *descriptors(daemon)]
        if daemon.ended():  # what /proc tells of it then is nothing
            found[:] = [Wrong("the service has ended", "it serves until it is told to stop")]
        return not found

    home.until(in_order, PATIENCE)
    return found


def _session(home: House, daemon: Escaped, caller: int) -> list[Wrong]:
    stat = daemon.stat()
    if not stat:
        return []
    parent, session, terminal = int(stat[1]), int(stat[3]), int(stat[4])
    calls = ("setsid", "fork", "clone", "clone3")
    found = []
    if session == caller:
        what = "it is still in the session of its caller"
        found.append(Wrong(what, "a session of its own: setsid", calls))
    if session == daemon.pid:
        what = "it leads its session: the next terminal that it opens becomes its own"
        found.append(Wrong(what, "a second fork after setsid, so that it is no leader", calls))
    if terminal:
        found.append(Wrong("it has a controlling terminal", "no terminal", calls))
    if parent != home.box.holder:
        what = "its parent is not the first process of the system"
        found.append(Wrong(what, "the process that started it is gone", calls))
    return found


def _place(daemon: Escaped) -> list[Wrong]:
    found = []
    folder = folder_of(daemon)
    if folder != "/":
        found.append(
            Wrong(f"its folder is {folder}, which nobody can unmount", "folder /", ("chdir",))
        )
    if daemon.status("Umask") == UMASK:
        what = f"its umask is {UMASK}, that of its caller: its files have modes that nobody chose"
        found.append(Wrong(what, "a umask of its own", ("umask",)))
    return found


def folder_of(daemon: Escaped) -> str:
    """Return the folder that a daemon is in; "" once it has ended."""
    try:
        return os.readlink(f"/proc/{daemon.pid}/cwd")
    except OSError:
        return ""


def descriptors(daemon: Escaped) -> list[Wrong]:
    """Return what is wrong with the open files of a daemon."""
    fds = read_ledger(daemon.pid).fds
    found = []
    for number in range(3):
        target = fds.get(number)
        if target != NULL:
            what = f"descriptor {number} is {'closed' if target is None else target}"
            found.append(Wrong(what, f"0, 1 and 2 on {NULL}", ("dup2", "dup3", "close")))
    kept = [number for number, target in fds.items() if number > 2 and target.startswith(INHERITED)]
    if kept:
        what = f"it keeps descriptors of its caller: {', '.join(map(str, sorted(kept)))}"
        found.append(Wrong(what, "none but its own", ("close", "close_range")))
    return found
