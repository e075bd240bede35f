"""From the text of `strace -f -ttt -y [-i] [-k] -o FILE` to events. Any text gives events.

Every line becomes exactly one event, or completes one (the second half of a call, a stack line of
-k). What can not be read becomes Garbage; nothing is guessed, and no call is made up.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from grader.strace.events import Call, Event, Exit, Frame, Garbage, Note, Signal, Superseded
from grader.strace.scan import BALANCED, LOOSE, PATH

UNFINISHED = "<unfinished ...>"
_HEAD = (
    r"(?:(?:\[pid +(?P<bracket>\d+)\]|(?P<pid>\d+)) +)?(?:(?P<time>\d{1,12}\.\d{1,9}) )?"
    r"(?:\[[0-9a-f?]{8,16}\] )?"  # -i: the instruction pointer, which stays in the call's text
)
_CALL = re.compile(
    rf"{_HEAD}(?P<name>[a-zA-Z_?][\w?@#]*+)\((?P<body>{BALANCED})\) *= "
    rf"(?P<tail>(?:\?|0x[0-9a-f]+|-?\d+)(?:{PATH}(?:\(deleted\))?)?(?: .*)?)"
)
_BEGUN = re.compile(
    rf"{_HEAD}(?P<name>[a-zA-Z_?][\w?@#]*+)\((?P<body>{LOOSE})"
    r"<(?P<how>unfinished \.\.\.|detached \.\.\.|pid changed to \d+ \.\.\.|ptrace\(\w+\):[^<>]*)>"
)
_RESUMED = re.compile(rf"{_HEAD}<\.\.\. (?:(?P<name>[a-zA-Z_?][\w?@#]*+) )?resumed>(?P<rest>.*)")
_SIGNAL = re.compile(rf"{_HEAD}--- (?P<name>SIG\w+|stopped by SIG\w+) ?(?P<body>\{{.*\}})? ?---")
_EXITED = re.compile(rf"{_HEAD}\+\+\+ exited with (?P<code>\d+) \+\+\+")
_KILLED = re.compile(rf"{_HEAD}\+\+\+ killed by (?P<name>SIG\w+)(?P<core> \(core dumped\))? \+\+\+")
_SUPERSEDED = re.compile(rf"{_HEAD}\+\+\+ superseded by execve in pid (?P<by>\d+) \+\+\+")
_FRAME = re.compile(
    r" > (?:(?P<image>.*?)\((?:(?P<function>.+)\+0x(?P<offset>[0-9a-f]+))?\)"
    r"|unexpected_backtracing_error)(?: \[0x(?P<address>[0-9a-f]+)\](?: .*)?)?"
)
_NOTE = re.compile(
    rf"strace: .*|{_HEAD}(?:<detached \.\.\.>|\[ Process PID=\d+ runs in .* mode\. \])"
)


def parse(text: str) -> tuple[Event, ...]:
    """Return the events of a trace in the order in which they began.

    A last line without a newline was cut off (the tracer was killed): what it says is not trusted.
    """
    lines = text.split("\n")
    cut = lines.pop()
    parser = _Parser()
    for parser.at, line in enumerate(lines):
        parser.line(line)
    if cut:
        parser.add(Garbage(len(lines), cut))
    return parser.finish()


@dataclass
class _Parser:
    """The events so far, and which of them wait for their second half."""

    events: list[Event] = field(default_factory=list)
    at: int = 0  # the line that is read
    pending: dict[int, int] = field(default_factory=dict)  # pid → place of its unfinished call
    replaced: set[int] = field(
        default_factory=set
    )  # pids whose pending execve has succeeded already
    last: int = -1  # the event that stack lines belong to
    frames: list[Frame] = field(default_factory=list)

    def line(self, line: str) -> None:
        match = _CALL.fullmatch(line)
        if match is None:
            self.other(line)
            return
        bracket, pid, time, name, body, tail = match.groups()
        when = float(time or 0)
        cut = body[-16:] == UNFINISHED
        number = int(pid or bracket or 0)
        self.add(Call(self.at, number, when, self.at, when, name, body, tail, line, cut))

    def add(self, event: Event) -> None:
        if self.frames:
            self.flush()
        self.last = len(self.events)
        self.events.append(event)

    def other(self, line: str) -> None:
        for pattern, read in _READERS:
            match = pattern.fullmatch(line)
            if match is not None and read(self, match, line):
                return
        self.add(Garbage(self.at, line))

    def begun(self, match: re.Match[str], line: str) -> bool:
        pid, time = _head(match)
        body = match["body"].rstrip(" ")
        self.add(Call(self.at, pid, time, self.at, time, match["name"], body, "", line, True))
        self.pending.pop(pid, None)
        if match["how"].startswith(("unfinished", "pid changed")):
            self.pending[pid] = self.last
        return True

    def resumed(self, match: re.Match[str], line: str) -> bool:
        pid, time = _head(match)
        first = self.events[self.pending[pid]] if pid in self.pending else None
        if not isinstance(first, Call) or match["name"] not in (None, first.name):
            return False
        gap = " " if first.body[-1:] == "," or match["rest"][:1] == " " else ""
        joined = _CALL.fullmatch(f"{first.name}({first.body}{gap}{match['rest'].lstrip(' ')}")
        if joined is None:
            return False
        self.flush()
        self.last = self.pending.pop(pid)
        self.events[self.last] = replace(
            first,
            end_index=self.at,
            end_time=time,
            body=joined["body"],
            tail="0" if pid in self.replaced else joined["tail"],
            text=f"{first.text}\n{line}",
            unfinished=joined["body"].endswith(UNFINISHED),
        )
        self.replaced.discard(pid)
        return True

    def signal(self, match: re.Match[str], line: str) -> bool:
        stopped = match["name"].startswith("stopped")
        if stopped == bool(match["body"]):
            return False
        name = match["name"].rpartition(" ")[2]
        body = match["body"] or ""
        self.add(Signal(self.at, *_head(match), name, body, line, stopped))
        return True

    def exited(self, match: re.Match[str], line: str) -> bool:
        self.add(Exit(self.at, *_head(match), int(match["code"]), "", False, line))
        self.pending.pop(_head(match)[0], None)
        return True

    def killed(self, match: re.Match[str], line: str) -> bool:
        core = bool(match["core"])
        self.add(Exit(self.at, *_head(match), None, match["name"], core, line))
        self.pending.pop(_head(match)[0], None)
        return True

    def superseded(self, match: re.Match[str], line: str) -> bool:
        pid, time = _head(match)
        by = int(match["by"])
        self.add(Superseded(self.at, pid, time, by, line))
        self.pending.pop(pid, None)
        if by in self.pending:
            self.pending[pid] = self.pending.pop(
                by
            )  # its execve is resumed under the leader's number
        return True

    def frame(self, match: re.Match[str], line: str) -> bool:
        if not (0 <= self.last and isinstance(self.events[self.last], (Call, Signal))):
            return False
        offset = int(match["offset"] or "0", 16)
        address = int(match["address"] or "0", 16)
        self.frames.append(Frame(match["image"] or "", match["function"] or "", offset, address))
        return True

    def note(self, match: re.Match[str], line: str) -> bool:
        self.add(Note(self.at, line))
        return True

    def flush(self) -> None:
        event = self.events[self.last] if self.frames else None
        if isinstance(event, (Call, Signal)):
            self.events[self.last] = replace(event, stack=(*event.stack, *self.frames))
        self.frames.clear()

    def finish(self) -> tuple[Event, ...]:
        self.flush()
        return tuple(self.events)


def _head(match: re.Match[str]) -> tuple[int, float]:
    """Return the pid and the time at the start of a line."""
    return int(match["pid"] or match["bracket"] or 0), float(match["time"] or 0)


_READERS = (
    (_FRAME, _Parser.frame),
    (_BEGUN, _Parser.begun),
    (_RESUMED, _Parser.resumed),
    (_SIGNAL, _Parser.signal),
    (_EXITED, _Parser.exited),
    (_KILLED, _Parser.killed),
    (_SUPERSEDED, _Parser.superseded),
    (_NOTE, _Parser.note),
)
