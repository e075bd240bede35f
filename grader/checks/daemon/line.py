"""The log of sysdaemon, line by line."""

from __future__ import annotations

import re
from dataclasses import dataclass

from grader.outcome import Failed
from grader.result import Evidence

FORM = "TIME PID EVENT PATH"
# ISO 8601 with milliseconds; the zone as the program likes it
_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.,]\d{3}(?:Z|[+-]\d\d:?\d\d)?"
_LINE = re.compile(rf"{_TIME} (?P<pid>\d+) (?P<rest>.+)".encode(), re.DOTALL)
_ESCAPE = re.compile(rb"\\([0-7]{3})")
EVENTS = (b"CREATE", b"MODIFY", b"DELETE", b"MOVED_FROM", b"MOVED_TO", b"ATTRIB", b"FOUND")


@dataclass(frozen=True)
class Line:
    """One line; a note (`stopped`) has its text as event and no path. path: as the file system has it."""

    pid: int
    event: str
    path: bytes


def parse(raw: bytes) -> Line | None:
    """Return what a line says, None for one that is not of the form."""
    match = _LINE.fullmatch(raw)
    if match is None:
        return None
    event, _, path = match["rest"].partition(b" ")
    if event not in EVENTS:
        return Line(int(match["pid"]), match["rest"].decode("utf-8", "replace"), b"")
    return Line(int(match["pid"]), event.decode(), unescaped(path))


def unescaped(path: bytes) -> bytes:
    """Return a path with its bytes as they are: \\\\012 stands for a line break."""
    return _ESCAPE.sub(lambda found: bytes([int(found[1], 8) & 0xFF]), path)


def lines_of(text: bytes) -> list[Line]:
    """Return all lines of a log. Raises Failed for one that is not of the form, or not whole."""
    found = []
    raw = text.split(b"\n")
    for number, each in enumerate(raw[:-1], 1):
        line = parse(each)
        if line is None:
            shown = each.decode("utf-8", "replace")
            raise Failed(f"line {number} of LOG is {shown[:200]!r}", expected=FORM)
        found.append(line)
    if raw[-1]:
        shown = raw[-1].decode("utf-8", "replace")
        raise Failed(f"LOG ends in the middle of a line: {shown[:200]!r}", expected=FORM)
    return found


def whole_lines(text: bytes) -> list[Line]:
    """Return the lines of a log that is being written to; what is not of the form is left out."""
    return [line for each in text.split(b"\n")[:-1] if (line := parse(each)) is not None]


def tail(text: bytes, count: int = 6) -> Evidence:
    """Return the last lines of a log as evidence."""
    shown = text.decode("utf-8", "replace").splitlines()[-count:]
    return Evidence("output", "\n".join(["LOG ends with:", *(shown or ["(nothing)"])]))
