"""What a process holds at this moment, read from /proc (proc(5))."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

PAGE = os.sysconf("SC_PAGE_SIZE")
OUTPUT = "syslabs-out-"  # in the names of the files that take stdout and stderr, see sandbox.py


@dataclass(frozen=True)
class Ledger:
    """The resources of one process; `fds` maps descriptor numbers to what they refer to."""

    pid: int
    state: str  # R, S, D, Z, T … of proc(5); "X" once the process is gone
    fds: dict[int, str]
    threads: int
    cpu_seconds: float
    rss_bytes: int
    children: tuple[int, ...]

    def __str__(self) -> str:
        kinds: dict[str, int] = {}
        for target in self.fds.values():
            kind = target.split(":")[0] if ":" in target else target
            kinds[kind] = kinds.get(kind, 0) + 1
        listing = ", ".join(f"{count} × {kind}" for kind, count in sorted(kinds.items()))
        return (
            f"state {self.state}, {len(self.fds)} descriptors ({listing}), {self.threads} threads, "
            f"{len(self.children)} children, {self.cpu_seconds:.3f} s CPU, "
            f"{self.rss_bytes / 2**20:.1f} MiB resident"
        )


def read_ledger(pid: int) -> Ledger:
    """Return the ledger of process `pid`; one that has ended has state X and holds nothing."""
    base = Path("/proc") / str(pid)
    try:
        stat = (base / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        tasks = os.listdir(base / "task")
        return Ledger(
            pid=pid,
            state=stat[0],
            fds=_descriptors(base / "fd"),
            threads=len(tasks),
            cpu_seconds=_cpu(base, tasks, stat),
            rss_bytes=int(stat[21]) * PAGE,
            children=_children(base, tasks),
        )
    except (OSError, IndexError):
        return Ledger(pid, "X", {}, 0, 0.0, 0, ())


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that `pid` has used, 0.0 once it has ended. Cheap, however much it holds."""
    base = Path("/proc") / str(pid)
    try:
        stat = (base / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        return _cpu(base, os.listdir(base / "task"), stat)
    except (OSError, IndexError):
        return 0.0


def thread_states(pid: int) -> str:
    """Return the state of each thread of `pid` as a letter of proc(5), "RSS"; X for one that has just ended."""
    found = ""
    for stat in Path(f"/proc/{pid}/task").glob("*/stat"):
        try:
            found += stat.read_text("utf-8", "replace").rpartition(")")[2].split()[0]
        except (OSError, IndexError):
            found += "X"
    return found


def count_fds(pid: int) -> int:
    """Return how many descriptors `pid` has open, 0 once it has ended."""
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return 0


def _descriptors(folder: Path) -> dict[int, str]:
    found = {}
    for name in os.listdir(folder):
        try:
            target = os.readlink(folder / name)
            found[int(name)] = "output" if OUTPUT in target else target
        except OSError:
            continue  # closed meanwhile
    return found


def _cpu(base: Path, tasks: list[str], stat: list[str]) -> float:
    """Seconds on a processor: exact for living threads, which may be hundreds, else in clock ticks (proc(5) stat)."""
    ticks = (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")
    exact = 0
    for task in tasks:
        try:
            with open(f"{base}/task/{task}/schedstat", "rb") as file:
                exact += int(file.read().split()[0])
        except (OSError, IndexError):
            continue
    return max(exact / 1e9, ticks - 0.02)


def _children(base: Path, tasks: list[str]) -> tuple[int, ...]:
    found: list[int] = []
    for task in tasks:
        try:
            found += map(int, (base / "task" / task / "children").read_text().split())
        except OSError:
            continue
    return tuple(sorted(found))


def processes_in(namespace_of: int) -> list[int]:
    """Return the processes that share the PID namespace of process `namespace_of`, itself included."""
    wanted = _pid_namespace(namespace_of)
    everyone = (int(name) for name in os.listdir("/proc") if name.isdigit())
    return [pid for pid in everyone if wanted and _pid_namespace(pid) == wanted]


def _pid_namespace(pid: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/ns/pid")
    except OSError:
        return ""
