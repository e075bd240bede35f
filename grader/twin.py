"""The C program and its Go twin at the same work, each in a sandbox of its own, under strace.

What the work is stands in grader/checks/<lab>/twin.py, which has

    def work(stage: Stage) -> dict[str, int]:    do it once; return the units: {"client": 3, "message": 12}
    def program(stage: Stage) -> Path:           optional: which program a side runs
    SIDES = ("c", "go", "server")                optional: more than the two
    NAMES = {"c": "copy.c", "go": "copy.go"}     optional: what the two columns are called
"""

from __future__ import annotations

import importlib
import json
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Mapping

from grader import paths
from grader.ending import Exit
from grader.golang import GoRecipe, build_go, roomy
from grader.ledger import thread_states
from grader.lock import locked
from grader.outcome import Inconclusive
from grader.process import Process, TimeLimit
from grader.run import Run
from grader.sandbox import Room, Sandbox
from grader.strace.ask import Trace
from grader.strace.run import ALL, Strace

C, GO = "c", "go"
STRINGS = 64  # bytes of a string that is shown
STEP = 20.0  # seconds for a workload under strace with stacks, on a fast machine


@dataclass(frozen=True)
class Stage:
    """Where one side does its work."""

    run: Run
    side: str
    box: Sandbox
    strace: Strace
    path: Path  # the program
    folder: Path  # writable, the same path inside and outside

    def start(self, *args: object, **options: Any) -> Process:
        """Start the side's program with these arguments under strace; see Sandbox.start for options."""
        argv = [str(self.path), *map(str, args)]
        limits = roomy(self.run.limits)
        options = {"limits": limits, "cwd": str(self.folder), **options}
        return self.box.start(argv, wrap=self.strace.argv(), **options)

    def rest(self, process: Process) -> None:
        """Wait until every thread of the program sleeps: it has done all that it could."""
        process.until(lambda: _asleep(process.pid), self.run.limit(STEP))

    def end(self, process: Process) -> Exit:
        """Return how the program ended. Raises Inconclusive where it does not."""
        try:
            return process.wait(self.run.limit(STEP))
        except TimeLimit as limit:
            said = process.stderr_text().strip()
            raise Inconclusive(f"{self.path.name}: {limit}. {said}") from None


@dataclass(frozen=True)
class Observed:
    """What one side did: its trace, and how many units of work that was."""

    side: str
    program: Path
    trace: Trace
    units: Mapping[str, int]


def _asleep(pid: int) -> bool:
    """Whether all threads of a process sleep; one that is stopped by its tracer does not."""
    return set(thread_states(pid)) <= {"S"}


def workload(lab: str) -> ModuleType | None:
    """Return the module that says what a lab's twins do, or None where a lab has none."""
    if not (paths.CHECKS / lab / "twin.py").exists():
        return None
    return importlib.import_module(f"grader.checks.{lab}.twin")


def sides(module: ModuleType) -> tuple[str, ...]:
    """Return the sides that are traced."""
    return getattr(module, "SIDES", (C, GO))


def twin_recipe(run: Run, package: str = ".", program: str = "twin") -> GoRecipe:
    """Return how a package of the lab's Go module is built."""
    source = paths.LABS / run.lab.id / "go"
    output = Path(run.job.scratch) / "helpers"
    return GoRecipe(source, output, program, f"labs/{run.lab.id}/go", (package,))


def build_twin(run: Run, package: str = ".", program: str = "twin") -> Path:
    """Return the program that is built from a package of the lab's Go module."""
    recipe = twin_recipe(run, package, program)
    return build_go(recipe, Path(run.job.scratch), run.sandbox)


def observe(run: Run, side: str, attempt: int = 0) -> Observed:
    """Let a side do its work, once in a grading: whoever asks again for this attempt gets the same trace.

    Raises BuildFailed, Inconclusive, NotStarted, StraceUnavailable.
    """
    module = workload(run.lab.id)
    assert module is not None
    folder = Path(run.job.scratch) / "twins" / f"{side}-{attempt}"
    folder.mkdir(parents=True, exist_ok=True)
    trace, kept = folder.with_suffix(".trace"), folder.with_suffix(".json")
    with locked(folder.with_suffix(".lock")):
        if not kept.exists():
            path, units = _perform(run, module, side, folder, trace)
            kept.write_text(json.dumps({"program": str(path), "units": units}), "utf-8")
    known = json.loads(kept.read_text("utf-8"))
    program = Path(known["program"])
    return Observed(side, program, Strace(trace).trace(program), known["units"])


def _perform(
    run: Run, module: ModuleType, side: str, folder: Path, trace: Path
) -> tuple[Path, dict[str, int]]:
    path = _program(run, module, side)
    strace = Strace(trace, calls=ALL, stacks=True, strings=STRINGS)
    readable = tuple({path.parent, *run.room().readable})
    with run.sandbox(Room(readable=readable, writable=(folder,))) as box:
        stage = Stage(run, side, box, strace, path, folder)
        units = module.work(stage)
    strace.trace(path)  # raises what makes the trace useless
    return path, units


def _program(run: Run, module: ModuleType, side: str) -> Path:
    chosen = getattr(module, "program", None)
    if chosen is not None:
        return Path(chosen(run, side))
    return run.program() if side == C else build_twin(run)
