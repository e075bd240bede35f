"""What procmon has written: its lines, read without knowing in which order children end."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

_PARENT = re.compile(r"parent pid=(\d+)")
_CHILD = re.compile(r"child pid=(\d+) ppid=(\d+) command=(.*)")
_DONE = re.compile(r"done children=(\d+)")
_EVENT = re.compile(
    r"SIGCHLD pid=(?P<pid>\d+) (?:exited status=(?P<status>\d+)"
    r"|(?P<kind>killed|stopped) signal=(?P<signal>\d+) name=(?P<name>\S+)(?: core=(?P<core>[01]))?"
    r"|(?P<on>continued))"
)
_BEGINS = ("parent ", "child ", "SIGCHLD ", "done ")


@dataclass(frozen=True)
class Event:
    """One line `SIGCHLD …`; kind: exited, killed, stopped or continued; number: status or signal."""

    pid: int
    kind: str
    number: int
    name: str = ""
    core: bool = False

    @property
    def last(self) -> bool:
        """Whether the child is gone then."""
        return self.kind in ("exited", "killed")

    def __str__(self) -> str:
        return {
            "exited": f"exited status={self.number}",
            "continued": "continued",
        }.get(self.kind, f"{self.kind} signal={self.number}")


@dataclass(frozen=True)
class Born:
    """One line `child …`, and its number in the log."""

    pid: int
    parent: int
    command: str
    place: int


@dataclass(frozen=True)
class Log:
    """The lines of one run; `text` is all that procmon wrote."""

    text: str

    @cached_property
    def lines(self) -> list[str]:
        """The whole lines."""
        return self.text.split("\n")[:-1]

    @cached_property
    def parent(self) -> int:
        """The pid of the line `parent`, 0 without one."""
        found = [_PARENT.fullmatch(line) for line in self.lines]
        return next((int(match[1]) for match in found if match), 0)

    @cached_property
    def children(self) -> list[Born]:
        """The lines `child`."""
        found = [(_CHILD.fullmatch(line), place) for place, line in enumerate(self.lines)]
        return [Born(int(m[1]), int(m[2]), m[3], place) for m, place in found if m]

    @cached_property
    def events(self) -> list[Event]:
        """The lines `SIGCHLD`, in order."""
        return [_event(match) for match in map(_EVENT.fullmatch, self.lines) if match]

    @cached_property
    def done(self) -> int | None:
        """The number in the line `done`, None without one."""
        found = [_DONE.fullmatch(line) for line in self.lines]
        return next((int(match[1]) for match in found if match), None)

    @cached_property
    def others(self) -> list[str]:
        """The lines that are no events: messages."""
        return [line for line in self.lines if not line.startswith(_BEGINS)]

    @property
    def ends(self) -> list[str]:
        """How children ended, sorted: `exited status=3` …"""
        return sorted(str(event) for event in self.events if event.last)

    def of(self, pid: int) -> list[Event]:
        """Return what is told of one child."""
        return [event for event in self.events if event.pid == pid]

    def trouble(self) -> str:
        """Return what is wrong with the log of a run that has ended, in words, or nothing."""
        return next(filter(None, (self._form(), self._order(), self._ends())), "")

    def _form(self) -> str:
        for line in self.lines:
            known = (_PARENT, _CHILD, _DONE, _EVENT)
            if line.startswith(_BEGINS) and not any(form.fullmatch(line) for form in known):
                return f"a line that has not the form of its kind: {line[:120]!r}"
        return "" if self.text.endswith("\n") else "the last line has no end"

    def _order(self) -> str:
        told = [line for line in self.lines if line.startswith(_BEGINS)]
        if not told or not _PARENT.fullmatch(told[0]):
            return "the first line is not `parent pid=…`"
        if not _DONE.fullmatch(told[-1]):
            return "the last line is not `done children=…`"
        for form, name in ((_PARENT, "parent"), (_DONE, "done")):
            if sum(bool(form.fullmatch(line)) for line in told) > 1:
                return f"two lines `{name}`: two processes write the log"
        return ""

    def _ends(self) -> str:
        born = {child.pid: child.place for child in self.children}
        for place, line in enumerate(self.lines):
            match = _EVENT.fullmatch(line)
            if match and born.get(int(match["pid"]), place) >= place:
                return f"pid {match['pid']} is reported before its line `child`: {line!r}"
        for pid in born:
            ends = [event for event in self.of(pid) if event.last]
            if len(ends) != 1:
                return f"the end of child {pid} is reported {_times(len(ends))}"
        if self.done != len(born):
            return f"done children={self.done}, but {len(born)} lines `child`"
        return ""


def _times(count: int) -> str:
    return {0: "never", 2: "twice"}.get(count, f"{count} times")


def _event(match: re.Match[str]) -> Event:
    pid = int(match["pid"])
    if match["on"]:
        return Event(pid, "continued", 0)
    if match["status"] is not None:
        return Event(pid, "exited", int(match["status"]))
    core = match["core"] == "1"
    return Event(pid, match["kind"], int(match["signal"]), match["name"], core)
