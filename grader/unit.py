"""The test program of a drill: the student's object, inspected and shut in, linked with our tests."""

from __future__ import annotations

import fcntl
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from grader import paths
from grader.build import COMMON, COMPILER, VARIANTS, BuildFailed, localise, run_tool
from grader.job import Job
from grader.manifest import Part
from grader.object_file import suspicions
from grader.outcome import Tampered
from grader.process import NotStarted
from grader.result import Evidence
from grader.sandbox import Room, Sandbox
from grader.toolchain import has, lacking

OBJCOPY = "/usr/bin/objcopy"
Opener = Callable[[Room], Sandbox]


@dataclass(frozen=True)
class Unit:
    """One drill's tests: `tests` is unit_<drill>.c, `sources` are the student's C files."""

    job: Job
    part: Part
    tests: Path
    folder: Path  # where it is built

    @property
    def sources(self) -> list[str]:
        """The student's C files of this drill."""
        return [name for name in self.part.files if name.endswith(".c")]


def unit_of(job: Job, part: Part, variant: str) -> Unit:
    """Return the unit of a drill, to be built with the flags of a variant."""
    tests = paths.CHECKS / job.lab / f"unit_{part.id}.c"
    return Unit(job, part, tests, Path(job.scratch) / "units" / variant / part.id)


def build_unit(job: Job, part: Part, variant: str, open_sandbox: Opener) -> Path:
    """Return the drill's test program, built unless another process already has.

    Raises BuildFailed, Tampered, NotStarted.
    """
    if not has("criterion"):
        raise NotStarted(lacking(["criterion"]))
    unit = unit_of(job, part, variant)
    unit.folder.mkdir(parents=True, exist_ok=True)
    program = unit.folder / f"unit_{part.id}"
    with (unit.folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.exists():
            _compile(unit, variant, open_sandbox)
            _inspect(unit, variant)
            _link(unit, variant, program, open_sandbox)
    return program


def _compile(unit: Unit, variant: str, open_sandbox: Opener) -> None:
    """Compile the student's files where nothing but them can be seen."""
    source = Path(unit.job.source)
    room = Room(readable=(source,), writable=(unit.folder,))
    with open_sandbox(room) as box:
        for name in unit.sources:
            argv = [COMPILER, *COMMON, *VARIANTS[variant], "-I.", "-c", name]
            argv += [f"-ffile-prefix-map={source}/=", "-o", str(_object(unit, name))]
            log = run_tool(box, argv, str(source), _object(unit, name))
            if not _object(unit, name).exists():
                raise BuildFailed(localise(log, unit.sources, unit.job.display))


def _inspect(unit: Unit, variant: str) -> None:
    expected = frozenset(unit.part.symbols)
    for name in unit.sources:
        found = suspicions(_object(unit, name), expected, sanitized=variant != "plain")
        if found:
            evidence = [Evidence("note", f"{unit.job.display}/{name}: {each}") for each in found]
            expected_text = "functions that are called by the tests and do nothing before or after"
            raise Tampered(f"{name} has {found[0]}", expected=expected_text, evidence=evidence)


def _link(unit: Unit, variant: str, program: Path, open_sandbox: Opener) -> None:
    """Make all other symbols of the student's objects local, so that they replace nothing, and link."""
    keep = [f"--keep-global-symbol={symbol}" for symbol in unit.part.symbols]
    shut_in = []
    room = Room(readable=(Path(unit.job.source), unit.tests.parent), writable=(unit.folder,))
    with open_sandbox(room) as box:
        for name in unit.sources:
            target = unit.folder / f"shut_{name}.o"
            argv = [OBJCOPY, *keep, str(_object(unit, name)), str(target)]
            run_tool(box, argv, str(unit.folder), target)
            shut_in.append(str(target))
        argv = [COMPILER, *COMMON, *VARIANTS[variant], f"-I{unit.job.source}"]
        argv += ["-o", str(program), str(unit.tests), *shut_in, "-lcriterion"]
        log = run_tool(box, argv, str(unit.folder), program).replace(f"{unit.job.source}/", "")
    if not program.exists():
        raise BuildFailed(localise(log, unit.sources, unit.job.display))


def _object(unit: Unit, name: str) -> Path:
    return unit.folder / f"{name}.o"
