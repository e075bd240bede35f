"""The student's procmon in a sandbox, with commands that do exactly what they are told (probes/actor.c)."""

from __future__ import annotations

import os
import select
import shlex
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Callable, Iterable, Iterator, Sequence

from grader.checks.processes.inmates import alive, inhabitants
from grader.checks.processes.log import Log
from grader.ending import Exit
from grader.limits import Limits
from grader.outcome import TIME_LIMIT, Failed
from grader.process import POLL_SECONDS, Process, TimeLimit
from grader.result import Evidence
from grader.run import Run
from grader.sandbox import Sandbox

PROBES = Path(__file__).parent / "probes"
STEP = 4.0  # seconds for what takes milliseconds, on a fast machine
BETWEEN = "---"
SHOWN = 24  # lines of a log


def actor(run: Run) -> Path:
    """Return the command of ours that does what it is told."""
    return run.helper(PROBES / "actor.c")


def commands(run: Run, *plans: str) -> list[str]:
    """Return words for procmon: an actor for each plan, such as "say exit=3"."""
    words: list[str] = []
    for plan in plans:
        words += [*([BETWEEN] if words else []), str(actor(run)), *plan.split()]
    return words


@dataclass(frozen=True, eq=False)
class Stage:
    """A sandbox in which procmon runs; `folder` is writable in it, and seen from outside."""

    run: Run
    box: Sandbox
    folder: Path

    def brief(self, text: str) -> str:
        """Return text without the folders that are of this grading only."""
        for folder in (actor(self.run).parent, self.folder, Path(self.run.job.scratch)):
            text = text.replace(f"{folder}/", "")
        return text

    def start(
        self,
        words: Sequence[object],
        before: Sequence[object] = (),
        limits: Limits | None = None,
        **options: object,
    ) -> Monitor:
        """Start procmon with these words; before: a command that executes it; see Sandbox.start."""
        argv = [*map(str, before), str(self.run.program()), *map(str, words)]
        said = self.run.scratch(f"said-{self.run.random.getrandbits(48):x}")
        out = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            process = self.box.start(
                argv, limits=limits or self.run.limits, stdout=out, **options  # type: ignore[arg-type]
            )
        finally:
            os.close(out)
        return Monitor(self, process, tuple(map(str, words)), said)


@dataclass(frozen=True, eq=False)
class Monitor:
    """One procmon that was started."""

    stage: Stage
    process: Process
    words: tuple[str, ...]
    output: Path
    extra: list[Evidence] = field(default_factory=list)

    @property
    def command(self) -> str:
        """What was typed, without folders."""
        short = [word.rpartition("/")[2] or word for word in self.words]
        text = shlex.join(["procmon", *short])
        return text if len(text) <= 160 else f"{text[:150]} …"

    def log(self) -> Log:
        """Return what it has written to stderr up to now."""
        return Log(self.process.stderr_text())

    def said(self) -> list[str]:
        """Return the lines that its commands have written to stdout up to now."""
        return self.output.read_text("utf-8", "replace").split("\n")[:-1]

    def until(self, condition: Callable[[], bool], what: str, limit: float = STEP) -> None:
        """Wait for an event. Raises Failed with `what` has not happened."""
        if not self.process.until(condition, self.stage.run.limit(limit)):
            raise self.failed(f"this did not happen: {what}", reason=TIME_LIMIT)

    def ended(self, limit: float = STEP) -> Exit:
        """Wait for its end. Raises Failed if it runs on."""
        seconds = self.stage.run.limit(limit)
        try:
            ending = self.process.wait(seconds)
            self.process.kill()  # its tracer ends, too: the trace is whole
            return ending
        except TimeLimit:
            observed = f"it still runs after {seconds:.0f} s"
            raise self.failed(
                observed, "it ends when no child is left", reason=TIME_LIMIT
            ) from None

    def finished(self, code: int | None, limit: float = STEP) -> Log:
        """Wait for its end and return its log, which must be whole. Raises Failed."""
        ending = self.ended(limit)
        trouble = self.log().trouble()
        if trouble:
            how = f"it was {ending}; " if ending.signal else ""
            raise self.failed(how + trouble, "each event of each child in a line of its own, once")
        if code is not None and ending.code != code:
            raise self.failed(f"it ended with {ending}", f"exit status {code}")
        return self.log()

    def expect_nobody(self) -> None:
        """Raise Failed if something still runs in the sandbox."""
        end = time.monotonic() + self.stage.run.limit(STEP)
        holder = self.stage.box.holder
        while alive(holder) and time.monotonic() < end:
            select.select([], [], [], POLL_SECONDS)
        if alive(holder):
            found = inhabitants(holder)
            raise self.failed("processes are left", "nobody is left behind", [found])

    def failed(
        self,
        observed: str,
        expected: str = "",
        evidence: Iterable[Evidence] = (),
        reason: str = "",
    ) -> Failed:
        """Return a failure that shows the command and the log."""
        lines = self.stage.brief(self.log().text).splitlines()
        if len(lines) > SHOWN:
            half = SHOWN // 2
            lines = [*lines[:half], f"… {len(lines) - SHOWN} more …", *lines[-half:]]
        shown = Evidence("output", "\n".join(lines) or "(nothing)")
        more = {"reason": reason} if reason else {}
        return Failed(
            f"{self.command}\n{observed}",
            expected=expected,
            evidence=[*evidence, *self.extra, shown],
            **more,  # type: ignore[arg-type]
        )


@contextmanager
def stage(run: Run) -> Iterator[Stage]:
    """Build procmon and its commands, and open a sandbox that sees them."""
    run.program()
    actor(run)
    folder = run.scratch("stage")
    folder.mkdir(exist_ok=True)
    with run.sandbox(replace(run.room(), writable=(folder,))) as box:
        yield Stage(run, box, folder)
