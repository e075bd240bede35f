"""Fair faults of a walk: which calls may fail, with which errors, and where."""

from __future__ import annotations

from collections import Counter

from grader.checks.files.testimony import OPENS, STATS
from grader.strace.ask import Trace
from grader.strace.call import Call
from grader.strace.sweep import Cell, Pair, plan_sweep

MEMORY = ("mmap", "brk")
CLONES = ("clone3", "clone")
PLACES = 2  # where each pair strikes
STAT_PLACES = 5  # more of them: an entry that is the last of its folder tells little


def _folder_opened(trace: Trace, call: Call) -> bool:
    """Folders may refuse to be opened; what the C library opens for itself may not."""
    return "O_DIRECTORY" in call.arg(1 if call.name == "open" else 2).flags


def _named(trace: Trace, call: Call) -> bool:
    """A name may be gone; what a descriptor refers to is not."""
    return bool(call.arg(0 if call.name in ("lstat", "stat") else 1).string)


def _anonymous(trace: Trace, call: Call) -> bool:
    return call.name == "brk" or "MAP_ANONYMOUS" in call.arg(3).flags


def _pairs() -> list[Pair]:
    """The fair pairs: what the man pages allow and a correct walker survives."""
    errors = ("EMFILE", "ENFILE", "EACCES", "ENOENT", "ENOMEM")
    pairs = [Pair(call, errno, _folder_opened) for call in OPENS[:2] for errno in errors]
    stats = ("newfstatat", "statx", "lstat")
    pairs += [Pair(call, errno, _named) for call in stats for errno in ("ENOENT", "EACCES")]
    pairs += [Pair("getdents64", errno) for errno in ("ENOENT", "EIO")]
    pairs += [Pair(call, "ENOMEM", _anonymous) for call in MEMORY]
    return [*pairs, Pair("clone", "EAGAIN")]


def planned(clean: Trace, base: Counter[str]) -> list[Cell]:
    """Return the runs of the sweep: where each fair pair is to strike, from a run without faults."""
    stats = [pair for pair in _pairs() if pair.call in STATS]
    others = [pair for pair in _pairs() if pair.call not in STATS]
    return [
        *plan_sweep(clean, others, base, PLACES),
        *plan_sweep(clean, stats, base, STAT_PLACES),
    ]
