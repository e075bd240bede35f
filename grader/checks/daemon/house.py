"""A sandbox in which sysdaemon is root, and how this side looks into it."""

from __future__ import annotations

import os
import re
import select
import signal
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Callable, Iterable, Iterator, Sequence

from grader.checks.daemon.line import Line, tail, whole_lines
from grader.checks.daemon.service import END, Service
from grader.escaped import Escaped, running
from grader.limits import Limits
from grader.outcome import TIME_LIMIT, Failed, Inconclusive
from grader.process import POLL_SECONDS, Process
from grader.rights import Rights
from grader.run import Run
from grader.sandbox import NONE, Room, Sandbox

LOG, PIDFILE, TREE = "/var/log/sysdaemon.log", "/run/sysdaemon.pid", "/tmp/watched"
DEV_LOG = "/run/log-socket"  # where /dev/log leads, as with systemd
ROOM = Room(user=0, links=(("/dev/log", DEV_LOG),))
STEP = 3.0  # seconds for a thing that the service does by itself


@dataclass
class House:
    """A sandbox for services; `path` leads into it from outside."""

    run: Run
    box: Sandbox
    program: Path
    marks: int = 0

    def path(self, inside: str) -> Path:
        """Return the path by which this side reaches a file of the sandbox."""
        return Path(f"/proc/{self.box.holder}/root{inside}")

    def log(self, inside: str = LOG) -> bytes:
        """Return a log as it is now; nothing where there is none."""
        try:
            return self.path(inside).read_bytes()
        except FileNotFoundError:
            return b""

    def lines(self, inside: str = LOG) -> list[Line]:
        """Return the whole lines of a log that may be growing."""
        return whole_lines(self.log(inside))

    def left(self) -> list[Escaped]:
        """Return the processes that live in here, whatever they are."""
        return [Escaped(pid) for pid in running(self.box.holder)]

    def empty(self, seconds: float = 1.0) -> bool:
        """Wait until nothing lives in here; False after `seconds` of a fast machine."""
        return self.until(lambda: not running(self.box.holder), seconds)

    def end_all(self, tidy: bool = True) -> None:
        """Kill what lives in here and wait until it is gone; tidy: remove the PID file that it left behind."""
        for process in self.left():
            process.signal(signal.SIGKILL)
            process.ended(END)
            process.close()
        if tidy:
            self.path(PIDFILE).unlink(missing_ok=True)

    def until(self, condition: Callable[[], bool], seconds: float = STEP) -> bool:
        """Wait until condition() holds; False after `seconds` of a fast machine."""
        end = time.monotonic() + self.run.limit(seconds)
        while not condition():
            if time.monotonic() > end:
                return False
            select.select([], [], [], POLL_SECONDS)
        return True

    def start(
        self,
        *arguments: str,
        wrap: Sequence[str] = (),
        program: Sequence[str | Path] = (),
        rights: Rights = Rights(),
        limits: Limits | None = None,
        cwd: str = "/tmp",
    ) -> Process:
        """Start the service and return its caller. program: words in place of the program."""
        words = [*(program or [self.program]), *arguments]
        chosen = limits or self.run.limits
        return self.box.start(words, limits=chosen, wrap=wrap, rights=rights, cwd=cwd)

    def begin(self, *arguments: str, **options: object) -> Service:
        """Start the service, wait until its caller is gone, and return it. Raises Failed."""
        caller = self.start(*arguments, **options)  # type: ignore[arg-type]
        return Service(self, caller).settled()

    def touch(self, name: str, folder: str = TREE) -> bytes:
        """Make a file and return its path inside."""
        inside = f"{folder}/{name}"
        self.path(inside).touch()
        return inside.encode()

    def touch_all(self, names: Iterable[str], folder: str = TREE) -> list[bytes]:
        """Make many files, fast, and return their paths inside."""
        descriptor = os.open(self.path(folder), os.O_RDONLY | os.O_DIRECTORY)
        made = []
        for name in names:
            os.mknod(name, 0o644, dir_fd=descriptor)
            made.append(f"{folder}/{name}".encode())
        os.close(descriptor)
        return made

    def mark(self, folder: str = TREE) -> bytes:
        """Make a file that was not there before: once its line is in LOG, so is all that happened before."""
        self.marks += 1
        return self.touch(f"mark-{self.marks}", folder)

    def awake(self, process: Process | Escaped) -> bool:
        """Make events until one is logged: who is in the foreground tells nobody that it is ready, and who could
        not write tries again with the next event."""
        old = self.marks

        def answered() -> bool:
            self.mark()
            told = re.findall(rb"/mark-(\d+)\n", self.log())
            return process.ended() or any(int(number) > old for number in told)

        return self.until(answered) and not process.ended()

    def logged(self, path: bytes, log: str = LOG) -> bool:
        """Return whether a line of a log ends with this path, which has nothing to be escaped."""
        return b" " + path + b"\n" in self.log(log)

    def synchronise(self, log: str = LOG, folder: str = TREE, seconds: float = STEP) -> None:
        """Make an event and wait for its line. Raises Failed."""
        path = self.mark(folder)
        if not self.until(lambda: self.logged(path, log), seconds):
            over = "" if running(self.box.holder, self.program) else "; the service has ended"
            raise Failed(
                f"{path.decode()} was made, and no line in {log} says so{over}",
                expected="a line for each event, soon after it",
                evidence=[tail(self.log(log))],
                reason=TIME_LIMIT,
            )


@contextmanager
def house(run: Run, room: Room = ROOM, program: Path | None = None) -> Iterator[House]:
    """Open a sandbox with a folder to watch. program: another one than the project's.

    Raises Inconclusive where there are no namespaces.
    """
    if run.isolation == NONE:
        raise Inconclusive("without namespaces the service cannot be root, nor be found")
    chosen = program or run.program()
    readable = (*room.readable, *run.room().readable)
    with run.sandbox(replace(room, readable=readable)) as box:
        home = House(run, box, chosen)
        home.path(TREE).mkdir()
        yield home
