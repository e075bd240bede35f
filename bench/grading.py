"""Every lab's grading: how long students wait for it, and what of that is the grader itself."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections import deque
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Iterator

from bench.place import Place
from bench.row import Contest, Row
from bench.rounds import at_most, below
from grader import paths
from grader.manifest import Lab, load_lab
from grader.outcome import Inconclusive

WALL, CPU, FIRST = "wall", "CPU", "first"
LONGEST, LONGEST_EPOLL = 5.0, 6.0  # seconds for a reference; of epoll, for its project
HANG = "{\n    extern int pause(void);\n    for (;;)\n        pause();\n"
BODY = re.compile(r"^\{$", re.MULTILINE)  # of a function, as clang-format sets it
EMPTY = "def test_nothing():\n    pass\n"


def rows(lab_id: str) -> Iterator[Row]:
    """Yield the rows of a lab's grading."""
    lab = load_lab(paths.ROOT, lab_id)
    words = (f"LAB={lab_id}", f"SRC=solutions/{lab_id}")
    big = lab_id == "epoll"  # it has far more checks than others: the targets are of its project
    name = "make grade PART=project, reference" if big else "make grade, reference"
    longest = below(LONGEST_EPOLL if big else LONGEST)
    graded = Grading((*words, "PART=project") if big else words)
    yield Row(lab_id, name, "", "s", longest, graded.taking(WALL))
    yield Row(lab_id, name, "", "CPU s", longest if big else None, graded.taking(CPU))
    yield Row(lab_id, "first feedback on screen", "", "s", below(0.5), graded.taking(FIRST))
    for part in lab.parts:
        if part.kind == "drill":
            drill = Grading((*words, f"PART={part.id}"))
            yield Row(lab_id, f"drill {part.id}", "", "s", below(1), drill.taking(WALL))
    share = partial(_share, lab)
    yield Row(lab_id, "the grader's own share", "an empty pytest", "s", at_most(2), share)
    worst = partial(_worst, lab)
    yield Row(lab_id, "a program that hangs everywhere", "", "s", below(45), worst, once=True)


@dataclass(frozen=True)
class Grading:
    """`make grade` with these words. One run gives all three numbers: those not asked for are kept."""

    words: tuple[str, ...]
    status: int = 0
    _kept: dict[str, deque[float]] = field(default_factory=dict)

    def taking(self, what: str) -> Any:
        """Return a contest of one of WALL, CPU and FIRST, all in seconds, without a peer."""

        @contextmanager
        def contest(_: Place) -> Iterator[Contest]:
            yield Contest(partial(self.take, what))

        return contest

    def take(self, what: str) -> float:
        """Return one number, of a run that has not given it yet."""
        if not self._kept.get(what):
            for name, number in self.run().items():
                self._kept.setdefault(name, deque()).append(number)
        return self._kept[what].popleft()

    def run(self) -> dict[str, float]:
        """Run it on a terminal. CPU counts every process that somebody has waited for."""
        ours, theirs = os.openpty()
        started = time.monotonic()
        argv = ["make", "grade", *self.words]
        process = subprocess.Popen(
            argv, cwd=paths.ROOT, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs
        )
        os.close(theirs)
        first = 0.0
        with suppress(OSError):  # EIO: nobody has the other end open any more
            while os.read(ours, 1 << 16):
                first = first or time.monotonic() - started
        os.close(ours)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - started
        if process.returncode != self.status:
            raise Inconclusive(f"{' '.join(argv)}: status {process.returncode}")
        return {WALL: wall, CPU: usage.ru_utime + usage.ru_stime, FIRST: first}


@contextmanager
def _worst(lab: Lab, place: Place) -> Iterator[Contest]:
    """The reference, each of whose functions waits for ever: every check must be judged in time."""
    folder = place.folder / f"{lab.id}-hanging"
    folder.mkdir()
    for path in (paths.SOLUTIONS / lab.id).iterdir():
        if path.is_file():
            text = path.read_text("utf-8")
            (folder / path.name).write_text(BODY.sub(HANG, text) if path.suffix == ".c" else text)
    result = folder / "result.json"
    grading = Grading((f"LAB={lab.id}", f"SRC={folder}", f"JSON={result}"), status=2)

    def seconds() -> float:
        taken = grading.take(WALL)
        judged = len(json.loads(result.read_text("utf-8"))["checks"])
        if judged != len(lab.checks):
            raise Inconclusive(f"{judged} of {len(lab.checks)} checks were judged")
        return taken

    yield Contest(seconds)


@contextmanager
def _share(lab: Lab, place: Place) -> Iterator[Contest]:
    """A grading of one check, without what compiling and the check itself take."""
    first = next(c for c in lab.checks if lab.part(c.part).kind == "project")
    result, empty = place.folder / "share.json", place.folder / "test_empty.py"
    empty.write_text(EMPTY)
    grader = [sys.executable, "-m", "grader", "grade", "--lab", lab.id, "--check", first.id]
    grader += ["--src", str(paths.SOLUTIONS / lab.id), "--json", str(result)]
    pytest = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(empty)]

    def ours() -> float:
        wall = _seconds(grader)
        told = json.loads(result.read_text("utf-8"))
        return wall - told["timings"]["build"] - sum(c["seconds"] for c in told["checks"])

    yield Contest(ours, partial(_seconds, pytest))


def _seconds(argv: list[str]) -> float:
    started = time.monotonic()
    done = subprocess.run(argv, cwd=paths.ROOT, stdout=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        raise Inconclusive(f"{' '.join(argv)}: status {done.returncode}")
    return time.monotonic() - started
