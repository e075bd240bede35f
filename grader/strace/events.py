"""What a trace consists of: calls, signals, ends of processes, and lines that mean none of these.

All events are frozen. `index` is the line of the trace, from 0, on which the event began: it
orders what happened more finely than time does. Times are seconds since the epoch (strace -ttt),
0.0 where the trace has none; pids are those that the tracer sees, 0 where the trace has none.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Union

from grader.strace.args import Arg
from grader.strace.call import Call, Frame


@dataclass(frozen=True)
class Signal:
    """A signal that was delivered (or, with `stopped`, that stopped the process)."""

    index: int
    pid: int
    time: float
    name: str
    body: str  # {si_signo=…}, empty if stopped
    text: str
    stopped: bool = False
    stack: tuple[Frame, ...] = ()

    @cached_property
    def fields(self) -> dict[str, Arg]:
        """si_code, si_pid, si_status … of siginfo_t (sigaction(2))."""
        return Arg(self.body).struct


@dataclass(frozen=True)
class Exit:
    """The end of a process or thread: `code` if it left by exit, `signal` if it was killed."""

    index: int
    pid: int
    time: float
    code: int | None
    signal: str
    core: bool
    text: str


@dataclass(frozen=True)
class Superseded:
    """The leader `pid` gave way to its thread `by`, which executed a program under its number."""

    index: int
    pid: int
    time: float
    by: int
    text: str


@dataclass(frozen=True)
class Note:
    """A line of strace about itself: a process attached or detached, or its bits changed."""

    index: int
    text: str


@dataclass(frozen=True)
class Garbage:
    """A line that strace does not write, half of a call without the other, or a cut last line."""

    index: int
    text: str


Event = Union[Call, Signal, Exit, Superseded, Note, Garbage]
