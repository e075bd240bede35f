"""A program's trace as a check uses it: questions to it, and its calls as evidence for the student."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Iterable

from grader.outcome import Inconclusive
from grader.process import NotStarted
from grader.result import Evidence
from grader.run import Run
from grader.strace.ask import Trace
from grader.strace.call import Call
from grader.strace.faults import Fault
from grader.strace.run import Strace, StraceUnavailable, TraceForged, TraceTooLong

# What can come in the way of a trace that is only wanted as evidence.
NOT_TRACED = (StraceUnavailable, TraceForged, TraceTooLong, NotStarted, Inconclusive)


class Recording:
    """What `strace` writes of one run of `program`. It is whole once the program has ended."""

    def __init__(self, run: Run, strace: Strace, program: Path):
        self._run = run
        self._program = program
        self.strace = strace

    def trace(self) -> Trace:
        """Return what the program has done up to now. Raises StraceUnavailable, TraceTooLong."""
        return self.strace.trace(str(self._program))

    def exhibit(self, calls: Iterable[Call], note: str = "") -> list[Evidence]:
        """Return calls as evidence, with the source line that the last of them blames, and a remark."""
        chosen = list(calls)
        if not chosen:
            return [Evidence("note", note)] if note else []
        shown = self._run.exhibit(chosen, self._program)
        return [replace(shown, text=f"{shown.text}\n{note}")] if note else [shown]


def record(
    run: Run,
    program: Path,
    calls: Iterable[str],
    stacks: bool = False,
    faults: Iterable[Fault] = (),
    **options: object,
) -> Recording:
    """Return a new recording; `.strace.argv()` goes in front of the program, see Sandbox.start(wrap=…).

    calls: the system calls to trace; stacks: with the program's stack at each (0.5 ms a call); options:
    more fields of Strace.
    """
    out = run.scratch(f"trace-{run.random.getrandbits(48):x}")
    fields = {"calls": frozenset(calls), "stacks": stacks, "faults": tuple(faults), "cpu": run.cpu}
    return Recording(run, Strace(out, **{**fields, **options}), program)  # type: ignore[arg-type]
