"""The test program of a drill: the student's object, inspected and shut in, linked with our tests."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from grader.build import COMMON, COMPILER, VARIANTS, BuildFailed, first_error, localise, run_tool
from grader.lock import locked
from grader.manifest import Part
from grader.object_file import code_sections, suspicions
from grader.outcome import Tampered
from grader.process import NotStarted
from grader.result import Evidence
from grader.run import UNITS, Run
from grader.sandbox import Room, Sandbox
from grader.toolchain import has, lacking
from grader.under import GDB
from grader.unit_tests import KEEP, OBJCOPY, UnitTests, race_file, tests_file

# What Criterion's own libraries need is their affair: looking for it takes the linker most of its time.
LIBRARIES = ("-Wl,--allow-shlib-undefined", "-lcriterion")
STUDENTS_CODE = "students_code"  # the section that the student's functions are in
# Addresses as in the file, which the trace can be held against, and tables that cannot be written to.
LINK = ("-no-pie", "-Wl,-z,relro,-z,now")
# Code under test cannot tell that it is sanitized, and is the same in all variants.
UNAWARE = ("-U__SANITIZE_ADDRESS__", "-U__SANITIZE_THREAD__")
# No drill has a reason to hide code from a sanitizer: an attribute that does so counts as tampering, wherever
# a sanitizer runs. (gcc has no pragma for it, and `optimize` does not accept it.)
UNSANITIZED = re.compile(r"\b_*no_(sanitize|address_safety_analysis)\w*")


@dataclass(frozen=True)
class Unit:
    """One drill's tests, built in `folder` with the flags of a variant."""

    run: Run
    folder: Path
    tests: UnitTests

    @property
    def variant(self) -> str:
        """How the student's code is compiled."""
        return self.tests.variant

    @property
    def part(self) -> Part:
        """The drill."""
        return self.run.part

    @property
    def sources(self) -> list[str]:
        """The student's C files of this drill."""
        return [name for name in self.part.files if name.endswith(".c")]

    @property
    def program(self) -> Path:
        """The program that runs the tests."""
        return self.folder / self.tests.source.stem

    @property
    def linking(self) -> tuple[str, ...]:
        """The options of gcc for linking, and the libraries."""
        return () if self.tests.plain_main else (*LINK, *LIBRARIES)

    @property
    def flags(self) -> list[str]:
        """The options of gcc for the student's files and the tests."""
        return [*COMMON, *VARIANTS[self.variant]]


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
            _compile(unit)
            _link(unit)
    return unit.program


def _compile(unit: Unit) -> None:
    """Compile the student's files where nothing but them can be seen, and inspect them."""
    source = unit.run.source
    with unit.run.sandbox(Room(readable=(source,), writable=(unit.folder,))) as box:
        for name in unit.sources:
            base = [COMPILER, *COMMON, *UNAWARE, "-I.", f"-ffile-prefix-map={source}/=", name]
            _make(unit, box, [*base, *VARIANTS["plain"], "-c"], f"plain_{name}.o")
            if unit.variant != "plain":
                _make(unit, box, [*base, "-E"], f"{name}.i")
                _make(unit, box, [*base, *VARIANTS[unit.variant], "-c"], f"{unit.variant}_{name}.o")
    for name in unit.sources:
        _inspect(unit, name)


def _make(unit: Unit, box: Sandbox, argv: list[str], product: str) -> Path:
    """Run a tool that makes `product` in the unit's folder. Raises BuildFailed."""
    path = unit.folder / product
    log = run_tool(box, [*argv, "-o", str(path)], str(unit.run.source), path)
    if not path.exists():
        log = log.replace(f"{unit.folder}/", "")
        raise BuildFailed(localise(log, unit.sources, unit.run.job.display))
    return path


def _inspect(unit: Unit, name: str) -> None:
    """Raise Tampered for a file that would act on its own, or hides from the sanitizers."""
    found = suspicions(unit.folder / f"plain_{name}.o", frozenset(unit.part.symbols))
    if unit.variant != "plain":
        found += _unsanitized(unit.folder / f"{name}.i")
    if found:
        display = unit.run.job.display
        raise Tampered(
            f"{name} has {found[0]}",
            expected="functions that are called by the tests and do nothing before or after",
            evidence=[Evidence("note", f"{display}/{name}: {each}") for each in found],
        )


def _unsanitized(preprocessed: Path) -> list[str]:
    """Return the attributes that switch a sanitizer off, in C that the preprocessor is done with."""
    text = re.sub(r'"(?:[^"\\\n]|\\.)*"', '""', preprocessed.read_text("utf-8", "replace"))
    found = UNSANITIZED.search(text)
    return [f"an attribute that switches a sanitizer off ({found[0]})"] if found else []


def _link(unit: Unit) -> None:
    """Link the student's objects, shut in, with the tests."""
    ours = _tests(unit)
    room = Room(readable=(unit.run.source, ours), writable=(unit.folder,))
    with unit.run.sandbox(room) as box:
        argv = [COMPILER, *unit.flags, str(ours), str(_shut_in(unit, box)), *unit.linking]
        _make(unit, box, argv, unit.program.name)


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


def _shut_in(unit: Unit, box: Sandbox) -> Path:
    """Make all but the drill's symbols local, so that they replace nothing, and set the code apart."""
    objects = [str(unit.folder / f"{unit.variant}_{name}.o") for name in unit.sources]
    whole = _make(unit, box, [COMPILER, "-r", "-nostdlib", *objects], "open.o")
    keep = [f"{KEEP}={symbol}" for symbol in unit.part.symbols]
    apart = [f"--rename-section={name}={STUDENTS_CODE}" for name in code_sections(whole)]
    return _objcopy(unit, box, whole, "shut_in.o", [*keep, *apart])


def _objcopy(unit: Unit, box: Sandbox, source: Path, product: str, options: list[str]) -> Path:
    target = unit.folder / product
    log = run_tool(box, [OBJCOPY, *options, str(source), str(target)], "/tmp", target)
    if not target.exists():
        raise BuildFailed(log)
    return target
