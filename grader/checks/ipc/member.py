"""One member of a room: the student's chat, with a pipe or a pseudo-terminal on each side."""

from __future__ import annotations

import os
import pty
import termios
from collections import Counter
from typing import Any

from grader.process import Process

AT_ONCE = 1 << 16  # bytes of one read or write
END_OF_INPUT = b"\x04"  # on a terminal: termios(3), VEOF


class Ends:
    """The two descriptors that a program gets, and the two that stay here; close_theirs() once it runs."""

    def __init__(self, terminal: bool = False):
        self.terminal = terminal
        if terminal:
            self.source, theirs = pty.openpty()
            _quiet(theirs)
            self.sink, self.theirs = os.dup(self.source), (theirs, theirs)
        else:
            stdin, self.sink = os.pipe2(os.O_CLOEXEC)
            self.source, stdout = os.pipe2(os.O_CLOEXEC)
            self.theirs = (stdin, stdout)
        for descriptor in (self.source, self.sink):
            os.set_blocking(descriptor, False)

    def close_theirs(self) -> None:
        """Close what the program has of its own by now: else there is no end-of-file."""
        for descriptor in set(self.theirs):
            os.close(descriptor)


def _quiet(terminal: int) -> None:
    """No echo, and no carriage returns: what arrives is what was written."""
    modes: list[Any] = termios.tcgetattr(terminal)
    modes[1] &= ~termios.OPOST
    modes[3] &= ~(termios.ECHO | termios.ISIG)
    termios.tcsetattr(terminal, termios.TCSANOW, modes)


class Member:
    """`lines` is what it has printed so far, line by line; `feed` what it has yet to read."""

    def __init__(self, name: str, ends: Ends, process: Process | None = None):
        self.name = name
        self.process = process
        self.terminal = ends.terminal
        self.source, self.sink = ends.source, ends.sink
        self.lines: list[bytes] = []
        self.joined: Counter[bytes] = Counter()
        self.left: Counter[bytes] = Counter()
        self.feed = bytearray()
        self.ended = False  # its output is at its end
        self._rest = b""
        self._hang_up = False

    def __str__(self) -> str:
        return self.name

    # -- what it is told -----------------------------------------------------------------------

    def say(self, *lines: bytes) -> None:
        """Type lines; they are written by Talk.until."""
        self.feed += b"".join(line + b"\n" for line in lines)

    def hang_up(self) -> None:
        """End its input once everything has been written."""
        self._hang_up = True

    def write(self) -> None:
        """Write what fits for now."""
        try:
            while self.feed and self.sink != -1:
                del self.feed[: os.write(self.sink, bytes(self.feed[:AT_ONCE]))]
        except BlockingIOError:
            return
        except OSError:
            self.feed.clear()  # it reads no more
        if self._hang_up and self.sink != -1:
            self._end_input()

    def _end_input(self) -> None:
        if self.terminal and not self.ended:
            os.write(self.sink, END_OF_INPUT)
        os.close(self.sink)
        self.sink = -1

    @property
    def unread(self) -> bool:
        """Whether it has yet to read what it was told."""
        return bool(self.feed) and self.sink != -1

    # -- what it prints ------------------------------------------------------------------------

    def read(self) -> None:
        """Take in what it has printed."""
        try:
            chunk = os.read(self.source, AT_ONCE)
        except BlockingIOError:
            return
        except OSError:  # EIO: nobody has the terminal any more
            chunk = b""
        if not chunk:
            self.ended = True
            return
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        self.lines += lines
        for line in lines:
            if line.startswith(b"* "):
                self._notice(line[2:])

    def _notice(self, news: bytes) -> None:
        name, _, what = news.rpartition(b" ")
        if what == b"joined":
            self.joined[name] += 1
        elif what == b"left":
            self.left[name] += 1

    @property
    def rest(self) -> bytes:
        """What it has printed behind its last whole line."""
        return self._rest

    @property
    def pid(self) -> int:
        """Its process id as this side sees it, 0 if it has none."""
        return self.process.pid if self.process else 0

    def signal(self, number: int) -> None:
        """Send it a signal; one that has ended gets none."""
        if self.process:
            self.process.signal(number)

    def cpu_seconds(self) -> float:
        """Return the CPU time that it has used so far."""
        return self.process.cpu_seconds() if self.process else 0.0

    @property
    def heard(self) -> int:
        """How many lines it has printed that somebody has said."""
        return len(self.lines) - sum(self.joined.values()) - sum(self.left.values())

    def knows(self, other: Member) -> bool:
        """Whether it was told that the other one joined."""
        return self.joined[other.name.encode()] > 0

    def misses(self, other: Member) -> bool:
        """Whether it was told that the other one left."""
        return self.left[other.name.encode()] > 0

    def close(self) -> None:
        """Give back the descriptors."""
        for descriptor in (self.source, self.sink):
            if descriptor != -1:
                os.close(descriptor)
        self.source = self.sink = -1
