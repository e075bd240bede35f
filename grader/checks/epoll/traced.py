"""A server under strace: act on it, then read what it did."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Iterator, Sequence

from grader.checks.epoll.server import Server, serving
from grader.recording import Recording, record
from grader.run import Run


@contextmanager
def traced(
    run: Run, calls: Sequence[str], *flags: str, stacks: bool = False, room: int = 0
) -> Iterator[tuple[Server, Recording]]:
    """Start the student's server under strace; only these calls are traced.

    stacks: with the program's stack at each call (0.5 ms each); room: see `serving`. Raises
    StraceUnavailable.
    """
    recording = record(run, run.program(), calls, stacks=stacks)
    with serving(run, *flags, wrap=recording.strace.argv(), room=room) as server:
        yield server, recording
