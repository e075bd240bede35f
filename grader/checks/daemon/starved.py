"""Faults at the start of a daemon that strace cannot aim at: it counts the calls of each process by itself.

The second fork is the first one of the first child. Number 1 would strike the launcher too, so the limit of
processes is lowered instead until that fork fails (setrlimit(2), RLIMIT_NPROC).
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Iterable

from grader.checks.daemon.house import House
from grader.recording import record
from grader.strace.faults import baseline

FORKS = ("clone", "clone3", "fork", "vfork")
FEW = range(
    3, 7
)  # processes in the sandbox: its holder, the launcher, the caller, the first child …


def before_main(home: House, empty: Path, calls: Iterable[str]) -> Counter[str]:
    """Return how many of each call are made before main, see grader/strace/faults.py."""

    def run_empty():  # type: ignore[no-untyped-def]
        recording = record(home.run, empty, calls)
        process = home.start(wrap=recording.strace.argv(), program=[empty])
        process.wait(home.run.limit(5.0))
        process.kill()
        return recording.trace()

    return baseline(run_empty)
