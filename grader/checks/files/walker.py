"""The student's walker, and find(1), which nobody here wrote, on the same tree in the same sandbox."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Iterator, Sequence

from grader.ending import Exit
from grader.excerpt import excerpt
from grader.limits import Limits
from grader.outcome import OUTPUT_LIMIT, TIME_LIMIT, Failed, Inconclusive
from grader.pipe import Pipe
from grader.process import Process, TimeLimit
from grader.result import Evidence
from grader.run import Run
from grader.sandbox import Room, Sandbox

FIND = "/usr/bin/find"
FORMAT = "%i %M %s %p"
SMALL_PIPE, WIDE_PIPE = 4096, 1 << 16  # bytes: longer writes go piece by piece
SAID = 8  # lines on stderr that are shown
PLENTY = 4  # times what find prints: a walk that prints more has no end


@dataclass(frozen=True)
class Walk:
    """What one run of a program printed, and how it ended; `ending` is None if it had to be stopped."""

    args: tuple[str, ...]
    data: bytes
    ending: Exit | None
    said: str  # on stderr
    flooded: bool = False
    state: str = ""  # of a walk that had to be stopped

    @property
    def command(self) -> str:
        """The command line, for people."""
        return " ".join(("filewalker", *self.args))

    @property
    def records(self) -> list[bytes]:
        """What was printed, cut at its terminators; a last piece without one is a record too."""
        separator = b"\0" if any(a.startswith("-") and "0" in a for a in self.args) else b"\n"
        parts = self.data.split(separator)
        return parts[:-1] if parts[-1] == b"" else parts


@dataclass(frozen=True)
class Forest:
    """A sandbox in which trees can be walked; `folder` is where relative names begin."""

    run: Run
    box: Sandbox
    folder: str
    _found: dict[tuple[str, ...], Walk] = field(default_factory=dict)

    def walk(
        self,
        *args: str,
        variant: str = "plain",
        wrap: Sequence[str] = (),
        env: dict[str, str] | None = None,
        limits: Limits | None = None,
        capacity: int = WIDE_PIPE,
        most: int = 1 << 26,
    ) -> Walk:
        """Run the student's filewalker with these arguments."""
        program = self.run.program(variant)
        chosen = limits or self.run.limits
        with Pipe(capacity) as pipe:
            process = self.box.start(
                [program, *args],
                limits=chosen,
                wrap=wrap,
                env=env,
                sanitized=variant != "plain",
                stdout=pipe.write_end,
                cwd=self.folder,
            )
            output = pipe.read(self.run.limit(chosen.time), most)
            ending, state = _ending(process, self.run.limit(1.0) if output.whole else 0.0)
            process.kill()
        return Walk(args, output.data, ending, process.stderr_text(), output.flooded, state)

    def find(self, *roots: str) -> Walk:
        """Return what find prints of the same roots, its records ended by NUL; it is asked once."""
        if roots not in self._found:
            self._found[roots] = self._find(*roots)
        return self._found[roots]

    def _find(self, *roots: str) -> Walk:
        limit = self.run.limit(20.0)
        with Pipe(1 << 16) as pipe:
            argv = [FIND, *roots, "-printf", FORMAT + "\\0"]
            process = self.box.start(argv, limits=Limits(), stdout=pipe.write_end, cwd=self.folder)
            output = pipe.read(limit, 1 << 28)
            ending, _ = _ending(process, limit)
        if not output.whole or ending is None:
            raise Inconclusive("find did not end in time")
        return Walk(("-0", *roots), output.data, ending, process.stderr_text())


def _ending(process: Process, limit: float) -> tuple[Exit | None, str]:
    """How a program ended; None, and what it holds, if it did not."""
    try:
        return process.wait(limit), ""
    except TimeLimit:
        return None, str(process.ledger())


@contextmanager
def forest(run: Run, folder: Path | str = "/tmp") -> Iterator[Forest]:
    """Open a sandbox that sees the built programs and, read-only, `folder` with its trees."""
    run.program()
    room = run.room()
    if isinstance(folder, Path):
        room = Room(readable=(*room.readable, folder), tmpfs_bytes=room.tmpfs_bytes)
    with run.sandbox(room) as box:
        yield Forest(run, box, str(folder))


def ended(walk: Walk) -> None:
    """Raise Failed unless the walk ended by itself, by exit and not by a signal."""
    expected = "every entry once, then exit"
    if walk.flooded:
        text = f"{walk.command}: far more output than the tree has entries; the last of it:\n"
        tail = walk.data[-200:].decode("utf-8", "replace")
        raise Failed(text + tail, expected=expected, evidence=exhibits(walk), reason=OUTPUT_LIMIT)
    if walk.ending is None:
        observed = f"{walk.command}: it did not end; {len(walk.records)} lines had come by then"
        raise Failed(observed, expected=expected, evidence=exhibits(walk), reason=TIME_LIMIT)
    if walk.ending.signal is not None:
        observed = f"{walk.command}: {walk.ending}"
        raise Failed(observed, expected=expected, evidence=exhibits(walk))


def exhibits(walk: Walk) -> list[Evidence]:
    """Return what a run left behind: what it held, and what it said."""
    found = [Evidence("ledger", walk.state)] if walk.state else []
    said = excerpt(walk.said.strip(), SAID)
    return [*found, Evidence("output", said)] if said else found


def enough(truth: Walk) -> int:
    """Return how many bytes of output to read at the most where find printed `truth`."""
    return PLENTY * len(truth.data) + (1 << 16)


def with_descriptors(limits: Limits, count: int) -> Limits:
    """Return limits with so many descriptors."""
    return replace(limits, nofile=count)
