"""The marks that tests leave in the trace: which assertions were passed, and when the code under test ran.

A mark is a system call that a macro of grader/checks/unit.h makes, by an instruction of its own. strace
shows the address of that instruction (-i): a mark counts only if it lies in the code of the tests, and not
in that of the student, which the linker has put into a section of its own (grader/unit.py). So a report
that says "24 assertions passed" can be held against what was seen from outside.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property

from grader.strace.ask import Trace
from grader.strace.call import Call
from grader.strace.events import Event

MARK = "sched_get_priority_max"
PASSED, ENTER, LEAVE = 1, 2, 3  # the upper byte of the argument; below it the line, see unit.h
LOWEST_LIBRARY = 1 << 32  # no program without PIE reaches so far
_POINTER = re.compile(r"\[([0-9a-f]+)\] ")


@dataclass(frozen=True)
class Stretch:
    """One call of the code under test, from its first mark to its last; None if it did not return."""

    enter: Call
    leave: Call | None
    line: int  # of the test, where the call is

    def __contains__(self, event: Event) -> bool:
        after = event.index > self.enter.index
        return after and (self.leave is None or event.index < self.leave.index)


@dataclass(frozen=True)
class Mark:
    """One mark: what it says, and the line of the test that made it."""

    call: Call
    kind: int
    line: int


@dataclass(frozen=True, eq=False)
class Witness:
    """The trace of one test, read with its marks.

    code: the addresses of the tests' own code; chosen: the process of the test, see `alone`.
    """

    trace: Trace
    code: range
    chosen: int | None = None

    @cached_property
    def marks(self) -> tuple[Mark, ...]:
        """The marks that the test made, in order."""
        return tuple(_mark(call) for call in self._claims if _pointer(call) in self.code)

    @cached_property
    def forged(self) -> tuple[Call, ...]:
        """Calls that look like marks, but were not made by the tests."""
        return tuple(call for call in self._claims if _pointer(call) not in self.code)

    @cached_property
    def _claims(self) -> list[Call]:
        """The calls that look like marks."""
        return [
            call for call in self.trace.calls(MARK) if _mark(call).kind in (PASSED, ENTER, LEAVE)
        ]

    @property
    def passed(self) -> int:
        """How many assertions were passed."""
        return sum(mark.kind == PASSED for mark in self.marks)

    @cached_property
    def runner(self) -> int:
        """The process that runs the tests, each in a process of its own, and writes the report."""
        return self.trace.start.pid if self.trace.start else 0

    @cached_property
    def test(self) -> int:
        """The process of the test; 0 if there was none."""
        members = self.trace.members.values()
        processes = (m.pid for m in members if not m.thread and m.pid != self.runner)
        return next(processes, 0) if self.chosen is None else self.chosen

    @cached_property
    def tests(self) -> tuple[int, ...]:
        """The processes of all tests that the runner ran, in order."""
        return tuple(pid for pid in self.trace.members if self._test_of(pid) == pid)

    def alone(self, test: int) -> Witness:
        """Return what one of several tests did, as if the runner had run no other."""
        others = [pid for pid in self.trace.members if self._test_of(pid) not in (test, 0)]
        return replace(self, trace=self.trace.without(frozenset(others)), chosen=test)

    def _test_of(self, pid: int) -> int:
        """The process of a test that a process or thread comes from; 0 for the runner, and if unknown."""
        member = self.trace.members.get(pid)
        while member is not None and member.process != self.runner:
            parent = self.trace.members.get(member.parent or 0)
            if parent is not None and parent.process == self.runner:
                return member.pid
            member = parent
        return 0

    @cached_property
    def stretches(self) -> tuple[Stretch, ...]:
        """The calls of the code under test that the test made; one inside of another counts as one."""
        found: list[Stretch] = []
        depth = 0
        for mark in self.marks:
            if mark.call.pid != self.test or mark.kind == PASSED:
                continue
            depth += 1 if mark.kind == ENTER else -1
            if depth == 1 and mark.kind == ENTER:
                found.append(Stretch(mark.call, None, mark.line))
            elif depth == 0 and found:
                found[-1] = Stretch(found[-1].enter, mark.call, found[-1].line)
        return tuple(found)

    def stretch(self, event: Event) -> Stretch | None:
        """Return the call of the code under test that an event is part of, or None.

        What its children and threads do is part of the call that started them.
        """
        pid, members = getattr(event, "pid", 0), self.trace.members
        while pid != self.test and pid in members:
            member = members[pid]
            if member.spawn is None:
                return None
            event, pid = member.spawn, member.parent or 0
        return next((each for each in self.stretches if event in each), None)

    def own(self, event: Event) -> bool:
        """Return whether the code under test did this."""
        return self.stretch(event) is not None

    def in_library(self, call: Call) -> bool:
        """Return whether a shared library made this call, not the program with the tests in it.

        The program is linked at its addresses in the file (no PIE), far below all libraries.
        """
        return _pointer(call) > LOWEST_LIBRARY


def _mark(call: Call) -> Mark:
    value = call.arg(0).value or 0
    return Mark(call, value >> 24, value & 0xFFFFFF)


def _pointer(call: Call) -> int:
    """The address behind the instruction that made a call; 0 if the trace does not say."""
    found = _POINTER.search(call.text)
    return int(found[1], 16) if found else 0
