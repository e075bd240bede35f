"""A process that has left its launcher behind: a daemon. Its PID namespace still tells where it is."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from grader.ledger import processes_in, read_ledger
from grader.pidfd import Pidfd


class Escaped:
    """A process of a sandbox that gate did not start; `pid` is its process id as this side sees it."""

    def __init__(self, pid: int):
        self.pid = pid
        self._pidfd = Pidfd(pid)

    def signal(self, number: int) -> None:
        """Send a signal; a process that has ended gets none."""
        self._pidfd.signal(number)

    def ended(self, seconds: float = 0.0) -> bool:
        """Return whether it has ended, giving it `seconds` to do so."""
        return self._pidfd.ended(seconds)

    def close(self) -> None:
        """Give back the descriptor; the process goes on."""
        self._pidfd.close()

    def status(self, field: str) -> str:
        """Return a field of /proc/PID/status, see proc(5); "" once the process is gone."""
        with suppress(OSError):
            for line in Path(f"/proc/{self.pid}/status").read_text("utf-8", "replace").splitlines():
                name, _, value = line.partition(":")
                if name == field:
                    return value.strip()
        return ""

    def stat(self) -> list[str]:
        """Return the fields of /proc/PID/stat from the state on: state, parent, group, session, terminal …"""
        try:
            text = Path(f"/proc/{self.pid}/stat").read_text("utf-8", "replace")
        except OSError:
            return []
        return text.rpartition(")")[2].split()

    @property
    def inner_pid(self) -> int:
        """Its process id as it sees it itself."""
        return int((self.status("NSpid") or "0").split()[-1])


def running(holder: int, program: Path | None = None) -> list[int]:
    """Return the processes of a sandbox that live and are not its holder: all, or those that run `program`."""
    found = (pid for pid in processes_in(holder) if pid != holder)
    living = [pid for pid in found if read_ledger(pid).state not in "ZX"]
    return [pid for pid in living if program is None or _executes(pid, program)]


def _executes(pid: int, program: Path) -> bool:
    try:
        return os.readlink(f"/proc/{pid}/exe") == str(program)
    except OSError:
        return False
