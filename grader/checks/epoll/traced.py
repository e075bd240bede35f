"""A server under strace: act on it, then read what it did."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import Iterable, Iterator, Sequence

from grader.checks.epoll.server import Server, serving
from grader.result import Evidence
from grader.run import Run
from grader.strace.ask import Trace
from grader.strace.call import Call
from grader.strace.faults import Fault
from grader.strace.run import Strace


class Recording:
    """The trace of one server. `trace()` is whole once the server has ended."""

    def __init__(self, run: Run, strace: Strace):
        self._run = run
        self._strace = strace
        self._program = run.program()

    def so_far(self) -> Trace:
        """Return what has been traced up to now."""
        return self._strace.trace(str(self._program))

    def trace(self) -> Trace:
        """Return what the server did until its end."""
        return self.so_far()

    def exhibit(self, calls: Iterable[Call], note: str = "") -> list[Evidence]:
        """Return calls as evidence, with the source line that the last of them blames, and a remark."""
        chosen = list(calls)
        if not chosen:
            return [Evidence("note", note)] if note else []
        shown = self._run.exhibit(chosen, self._program)
        return [replace(shown, text=f"{shown.text}\n{note}")] if note else [shown]


@contextmanager
def traced(
    run: Run,
    calls: Sequence[str],
    *flags: str,
    stacks: bool = False,
    faults: Sequence[Fault] = (),
) -> Iterator[tuple[Server, Recording]]:
    """Start the student's server under strace; only these calls are traced.

    stacks: with the program's stack at each call (0.5 ms each). Raises StraceUnavailable.
    """
    strace = Strace(
        calls=frozenset(calls),
        out=run.scratch(f"trace-{run.random.getrandbits(32):x}"),
        stacks=stacks,
        faults=tuple(faults),
        cpu=run.cpu,
    )
    with serving(run, *flags, wrap=strace.argv()) as server:
        yield server, Recording(run, strace)
