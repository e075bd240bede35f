"""The processes of a sandbox as /proc shows them from outside (proc_pid_status(5))."""

from __future__ import annotations

import re
from pathlib import Path

from grader.ledger import processes_in
from grader.result import Evidence


def status_field(pid: int, name: str) -> str:
    """Return a field of /proc/PID/status, "" once the process is gone."""
    try:
        text = Path(f"/proc/{pid}/status").read_text("utf-8", "replace")
    except OSError:
        return ""
    found = re.search(rf"(?m)^{name}:\s*(.*)$", text)
    return found[1] if found else ""


def state(pid: int) -> str:
    """Return R, S, T, Z …; X once it is gone."""
    return status_field(pid, "State")[:1] or "X"


def inner(pid: int) -> int:
    """Return the number of a process inside of its namespace, 0 once it is gone."""
    numbers = status_field(pid, "NSpid").split()
    return int(numbers[-1]) if numbers else 0


def children(pid: int) -> dict[int, int]:
    """Return the children of a process, by their numbers inside; the values are those outside."""
    found = {}
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            outer = [int(word) for word in task.read_text().split()]
        except OSError:
            continue
        found.update({inner(each): each for each in outer})
    return found


def alive(holder: int) -> list[int]:
    """Return who runs in a sandbox, apart from its first process and those that only wait to be reaped."""
    pids = processes_in(holder) if holder else []
    return [pid for pid in pids if pid != holder and state(pid) not in "XZ"]


def inhabitants(holder: int) -> Evidence:
    """Return who runs in a sandbox, as evidence."""
    lines = [
        f"{inner(pid)} {status_field(pid, 'Name')} state {state(pid)}" for pid in alive(holder)
    ]
    return Evidence("ledger", "\n".join(lines) or "nothing runs any more")
