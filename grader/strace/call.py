"""One system call of a trace, with the stack that made it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from grader.strace.args import TRANSLATED, Arg, number
from grader.strace.scan import PATH, split, without_comments

_RESULT = re.compile(
    rf"(?P<word>\?|0x[0-9a-f]+|-?\d+)(?P<path>{PATH})?(?:\(deleted\))?"
    r"(?: (?P<errno>E[A-Z][A-Z0-9_]*|ERRNO_\d+)(?= |$))?"
)
_DURATION = re.compile(r" <(\d+\.\d+)>$")
_NOTHING = Arg("")


@dataclass(frozen=True)
class Frame:
    """One line of `strace -k`: `image(function+offset) [address]`, an offset in the file."""

    image: str
    function: str
    offset: int
    address: int


@dataclass(frozen=True)
class Call:
    """One system call, its `<unfinished ...>` and `resumed` halves joined.

    `body` is the text between the parentheses, `tail` the text after `= `. `text` is what strace
    printed, two lines if it was interrupted. `unfinished` means that the trace ends, or the process
    dies, inside the call; its result is then None.
    """

    index: int
    pid: int
    time: float
    end_index: int  # the line with the result; equals `index` for calls in one line
    end_time: float  # when that line was written
    name: str
    body: str
    tail: str
    text: str
    unfinished: bool = False
    stack: tuple[Frame, ...] = ()

    @cached_property
    def args(self) -> tuple[Arg, ...]:
        """The arguments in order; of an unfinished call, those that were printed."""
        body = (
            self.body.removesuffix("<unfinished ...>").rstrip(", ")
            if self.unfinished
            else self.body
        )
        return tuple(Arg.of(part) for part in split(body))

    def arg(self, which: int | str) -> Arg:
        """Return argument number `which` (from 0), or the one of that name; empty if missing."""
        if isinstance(which, str):
            return self._named.get(which, _NOTHING)
        return self.args[which] if which < len(self.args) else _NOTHING

    @cached_property
    def _named(self) -> dict[str, Arg]:
        named = {arg.name: arg for arg in self.args if arg.name}
        return {**(self.args[0].struct if self.args else {}), **named}

    @cached_property
    def _result(self) -> re.Match[str] | None:
        return _RESULT.match(self.tail)

    @cached_property
    def result(self) -> int | None:
        """The value returned, -1 for a failure; None when there is none: unfinished, `?`."""
        return number(self._result.group("word")) if self._result else None

    @cached_property
    def errno(self) -> str:
        """The error's name, such as EAGAIN; also ERESTARTSYS, which only strace sees; or ""."""
        return (self._result.group("errno") or "") if self._result else ""

    @property
    def result_text(self) -> str:
        """What strace added to the result: `(Timeout)`, `(flags O_RDWR)`, `([{fd=3, …}])`."""
        return self.tail[self._result.end() :].strip() if self._result else self.tail

    @property
    def result_path(self) -> str:
        """What the returned descriptor is, as -y says it, or ""."""
        return Arg(self._result.group()).path if self._result and self._result["path"] else ""

    @property
    def result_pid(self) -> int | None:
        """The returned process as the tracer numbers it, if strace says so, else the result."""
        translated = TRANSLATED.search(self.tail)
        return int(translated.group(1)) if translated else self.result

    @property
    def failed(self) -> bool:
        """Whether the call returned an error, or was interrupted by a signal."""
        return bool(self.errno)

    @property
    def injected(self) -> bool:
        """Whether strace made this result itself (-e inject=…:error, retval or signal)."""
        return "(INJECTED)" in self._remarks

    @property
    def delayed(self) -> bool:
        """Whether strace held this call back (-e inject=…:delay_enter or delay_exit)."""
        return "(DELAYED)" in self._remarks

    @cached_property
    def _remarks(self) -> list[str]:
        return (
            split(_DURATION.sub("", self.tail)[self._result.end() :], " ") if self._result else []
        )

    @property
    def duration(self) -> float | None:
        """Seconds inside the kernel as strace -T measured them, or None without -T."""
        match = _DURATION.search(self.tail)
        return float(match.group(1)) if match else None

    @property
    def fd(self) -> int | None:
        """The descriptor in the first argument, for the many calls that have it there."""
        return self.arg(0).fd

    def overlaps(self, other: Call) -> bool:
        """Whether the two calls were in the kernel at the same time, as strace saw it."""
        return self.index < other.end_index and other.index < self.end_index


def plain(call: Call) -> str:
    """Return the call as one line for people, without strace's remarks about pids."""
    made = f"{call.name}({without_comments(call.body)}"
    if call.unfinished:
        return f"{made.removesuffix('<unfinished ...>').rstrip()} … (did not return)"
    return f"{made}) = {without_comments(call.tail)}"
