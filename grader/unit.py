"""The test program of a drill: the student's object, inspected and shut in, linked with our tests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from grader.build import COMMON, COMPILER, VARIANTS, BuildFailed, first_error, run_tool
from grader.lock import locked
from grader.object_file import code_sections
from grader.process import NotStarted
from grader.run import UNITS, Run
from grader.sandbox import Room, Sandbox
from grader.toolchain import has, lacking
from grader.under import GDB
from grader.unit_object import Objects, compile_objects
from grader.unit_tests import KEEP, OBJCOPY, UnitTests, race_file, tests_file

# What Criterion's own libraries need is their affair: looking for it takes the linker most of its time.
LIBRARIES = ("-Wl,--allow-shlib-undefined", "-lcriterion")
STUDENTS_CODE = "students_code"  # the section that the student's functions are in
# Addresses as in the file, which the trace can be held against, and tables that cannot be written to.
LINK = ("-no-pie", "-Wl,-z,relro,-z,now")


@dataclass(frozen=True)
class Unit:
    """One drill's tests, built in `folder` with the flags of a variant."""

    run: Run
    folder: Path
    tests: UnitTests

    @property
    def objects(self) -> Objects:
        """The student's files of the drill, compiled beside the program."""
        return Objects(self.run, self.folder, self.tests.variant)

    @property
    def program(self) -> Path:
        """The program that runs the tests."""
        return self.folder / self.tests.source.stem

    @property
    def linking(self) -> tuple[str, ...]:
        """The options of gcc for linking, and the libraries."""
        return () if self.tests.plain_main else (*LINK, *LIBRARIES)


def tests_of(run: Run) -> Path:
    """Return the file with the tests of the drill that a check belongs to."""
    return tests_file(run.lab, run.part)


def build_unit(run: Run, variant: str) -> Path:
    """Return the drill's test program, built unless another process already has.

    Raises BuildFailed, Tampered, NotStarted.
    """
    if not has("criterion"):
        raise NotStarted(lacking(["criterion"]))
    folder = Path(run.job.scratch) / "build" / UNITS / variant / run.part.id
    alone = run.job.under == GDB  # Criterion's processes are not for a debugger
    return _built(Unit(run, folder, UnitTests(run.lab, tests_of(run), variant, plain_main=alone)))


def build_race(run: Run, variant: str) -> Path:
    """Return the drill's program of threads, race_<drill>.c: a plain `main` around the student's code.

    Criterion's allocator and ThreadSanitizer do not go together, and its runner would be traced as well.
    Raises BuildFailed, Tampered, NotStarted.
    """
    folder = Path(run.job.scratch) / "build" / UNITS / f"race-{variant}" / run.part.id
    tests = UnitTests(run.lab, race_file(run.lab, run.part), variant, plain_main=True)
    return _built(Unit(run, folder, tests))


def _built(unit: Unit) -> Path:
    """Compile and link, unless another process already has."""
    unit.folder.mkdir(parents=True, exist_ok=True)
    with locked(unit.folder / "lock"):
        if not unit.program.exists():
            _link(unit, compile_objects(unit.objects))
    return unit.program


def _link(unit: Unit, objects: list[Path]) -> None:
    """Link the student's objects, shut in, with the tests."""
    ours = _tests(unit)
    room = Room(readable=(unit.run.source, *objects, ours), writable=(unit.folder,))
    with unit.run.sandbox(room) as box:
        flags = [*COMMON, *VARIANTS[unit.tests.variant]]
        argv = [COMPILER, *flags, str(ours), str(_shut_in(unit, objects, box)), *unit.linking]
        unit.objects.make(box, argv, unit.program.name)


def _tests(unit: Unit) -> Path:
    """Return the object with the tests, compiled here if nobody has kept it."""
    tests = unit.tests
    if tests.kept.exists():
        return tests.kept
    folder = unit.folder / "tests"
    folder.mkdir()
    with unit.run.sandbox(Room(readable=tests.includes, writable=(folder,))) as box:
        made = folder / "tests.o"
        log = "".join(run_tool(box, argv, "/tmp", made) for argv in tests.commands(folder))
    if not made.exists():
        raise NotStarted(f"the tests of the drill do not compile here: {first_error(log)}")
    return made


def _shut_in(unit: Unit, objects: list[Path], box: Sandbox) -> Path:
    """Make all but the drill's symbols local, so that they replace nothing, and set the code apart."""
    argv = [COMPILER, "-r", "-nostdlib", *map(str, objects)]
    whole = unit.objects.make(box, argv, "open.o")
    keep = [f"{KEEP}={symbol}" for symbol in unit.run.part.symbols]
    apart = [f"--rename-section={name}={STUDENTS_CODE}" for name in code_sections(whole)]
    return _objcopy(unit, box, whole, "shut_in.o", [*keep, *apart])


def _objcopy(unit: Unit, box: Sandbox, source: Path, product: str, options: list[str]) -> Path:
    target = unit.folder / product
    log = run_tool(box, [OBJCOPY, *options, str(source), str(target)], "/tmp", target)
    if not target.exists():
        raise BuildFailed(log)
    return target
