"""What no code under test may do: reach for the runner of its own test, for the report, for other processes.

The questions are put to the trace, which is written outside of the sandbox. Not every trick leaves a
system call: who patches the memory of its own process goes unseen here, and has to pass every
assertion of the tests, mark by mark (grader/marks.py), to gain something.
"""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Callable

from grader.marks import MARK, Witness
from grader.strace.call import Call
from grader.strace.events import Signal
from grader.strace.family import SPAWNING

OPENS = ("open", "openat", "openat2", "creat")
SIGNALS = ("kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo")
REACHES = ("ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "pidfd_getfd")
ON_PROCESSES = (*SIGNALS, "pidfd_open", "prlimit64")  # their first argument is a process
WATCHED = frozenset((MARK, *OPENS, *ON_PROCESSES, *REACHES, "connect", "mprotect"))
ALL_PROCESSES = -1

_PROC = re.compile(r"/proc/(?P<who>\d+|self|thread-self)/(task/\d+/)?(?P<what>\w+)")
_PRIVATE = (
    "mem",
    "maps",
    "map_files",
    "cmdline",
    "environ",
    "fd",
    "root",
    "cwd",
    "stack",
    "syscall",
)
# How the filter of the sandbox answers calls that reach for a process, see seccomp_filter.py.
_REFUSED = re.compile(
    r"SYS_SECCOMP, .*si_syscall=__NR_(ptrace|process_vm_writev|process_madvise|clone)\b"
)
_SOCKET = re.compile(r"/criterion_\d+\.sock")  # where Criterion's runner listens


@dataclass(frozen=True, eq=False)
class Watch:
    """Looks for dishonest calls in the trace of one test; report: the file that the runner writes."""

    witness: Witness
    report: Path

    @cached_property
    def first(self) -> tuple[str, Call | Signal] | None:
        """What was done and what in the trace shows it, or None for an honest test."""
        if self.witness.forged:
            return "leaves marks in the trace, as only the tests do", self.witness.forged[0]
        for signal in self.witness.trace.signals("SIGSYS"):
            if refused := _REFUSED.search(signal.body):
                return _reach(refused[1]), signal
        for call in self.witness.trace.calls(*WATCHED, *SPAWNING):
            if self._process(call.pid) == self.witness.runner or call.index < self._begin:
                continue
            for question in _QUESTIONS:
                what = question(self, call)
                if what:
                    return what, call
        return None

    @cached_property
    def _begin(self) -> int:
        """Where the code under test is called first: what comes before is Criterion's own, and honest."""
        first = next(iter(self.witness.stretches), None)
        return first.enter.index if first else sys.maxsize

    # -- who is who ----------------------------------------------------------------------------

    def _process(self, pid: int) -> int:
        member = self.witness.trace.members.get(pid)
        return member.process if member else pid

    @cached_property
    def _family(self) -> frozenset[int | None]:
        """The processes and threads of the test, as they number themselves."""
        members = self.witness.trace.members.values()
        theirs = (m.spawn for m in members if m.process != self.witness.runner)
        return frozenset(spawn.result for spawn in theirs if spawn)

    # -- questions -----------------------------------------------------------------------------

    def opens(self, call: Call) -> str:
        """The report, and what /proc tells of a process, are not to be opened."""
        for path in _paths(call) if call.name in OPENS else ():
            if path.is_relative_to(self.report.parent):
                return "opens the report of its own test"
            found = _PROC.match(str(path))
            if found and found["what"] == "mem":
                return f"opens the memory of a process ({path})"
            if found and found["who"].isdigit() and found["what"] in _PRIVATE:
                if int(found["who"]) not in self._family:
                    return f"looks into another process ({path})"
        return ""

    def connects(self, call: Call) -> str:
        """Criterion itself connects once, before any test runs."""
        reached = call.name == "connect" and _SOCKET.search(call.body)
        return "connects to the runner of the tests" if reached else ""

    def reaches(self, call: Call) -> str:
        """raise(3) and abort(3) signal the process itself: that is a crash, not a trick."""
        if call.name in REACHES:
            return _reach(call.name)
        if call.name not in ON_PROCESSES:
            return ""
        target = call.arg(0).value
        if target in (None, 0) or target in self._family:  # 0: itself, or its own group
            return ""
        if target == ALL_PROCESSES or -(target or 0) not in self._family:
            return f"reaches for another process ({call.name})"
        return ""

    def hides(self, call: Call) -> str:
        """A child may ask to be left alone by the tracer (clone(2))."""
        hidden = "CLONE_UNTRACED" in call.arg("flags").flags
        return _reach("clone") if hidden else ""

    def unlocks(self, call: Call) -> str:
        """Code is not to be written to, and what was written is not to become code (mprotect(2))."""
        if call.name == "mprotect" and "PROT_EXEC" in call.arg(2).flags and self.witness.own(call):
            return "makes memory executable"
        return ""


_QUESTIONS: tuple[Callable[[Watch, Call], str], ...] = (
    Watch.opens,
    Watch.connects,
    Watch.reaches,
    Watch.hides,
    Watch.unlocks,
)


def _reach(name: str) -> str:
    """What a call has done, in words; of clone and its kin, those with CLONE_UNTRACED only."""
    if name == "clone":
        return "starts a process that cannot be watched"
    return f"calls {name}: it reaches into a process"


def _paths(call: Call) -> list[Path]:
    """What a call opens: as it says, below the folder that it starts from, and as the kernel found it."""
    place = 1 if call.name in ("openat", "openat2") else 0
    name = (call.arg(place).string or b"").decode("utf-8", "replace")
    said = os.path.normpath(os.path.join(call.arg(0).path, name) if place else name)
    return [Path(said), *([Path(call.result_path)] if call.result_path else [])]
