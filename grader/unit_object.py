"""The student's part of a drill's test program: objects, compiled where nothing else is seen, and inspected."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from grader.build import COMMON, COMPILER, VARIANTS, BuildFailed, localise, run_tool
from grader.lock import locked
from grader.object_file import suspicions
from grader.outcome import Tampered
from grader.result import Evidence
from grader.run import UNITS, Run
from grader.sandbox import Room, Sandbox

INSPECTED = "plain"  # the variant whose objects are inspected, whichever is tested
# Code under test cannot tell that it is sanitized, and is the same in all variants.
UNAWARE = ("-U__SANITIZE_ADDRESS__", "-U__SANITIZE_THREAD__")
# No drill has a reason to hide code from a sanitizer: an attribute that does so counts as tampering, wherever
# a sanitizer runs. (gcc has no pragma for it, and `optimize` does not accept it.)
UNSANITIZED = re.compile(r"\b_*no_(sanitize|address_safety_analysis)\w*")


@dataclass(frozen=True)
class Objects:
    """The student's C files of one drill, compiled in `folder` for a variant."""

    run: Run
    folder: Path
    variant: str

    @property
    def sources(self) -> list[str]:
        """The files' names."""
        return [name for name in self.run.part.files if name.endswith(".c")]

    @property
    def paths(self) -> list[Path]:
        """What they are compiled into."""
        return [self.folder / f"{name}.o" for name in self.sources]

    @property
    def inspected(self) -> Objects:
        """Those that are inspected: they are made once, for all variants."""
        folder = Path(self.run.job.scratch) / "build" / UNITS / "inspected" / self.run.part.id
        return replace(self, folder=folder, variant=INSPECTED)

    def make(self, box: Sandbox, argv: list[str], product: str) -> Path:
        """Run a tool that makes `product` in the folder, and return its path. Raises BuildFailed."""
        path = self.folder / product
        log = run_tool(box, [*argv, "-o", str(path)], str(self.run.source), path)
        if not path.exists():
            log = log.replace(f"{self.folder}/", "")
            raise BuildFailed(localise(log, self.sources, self.run.job.display))
        return path


def compile_objects(wanted: Objects) -> list[Path]:
    """Compile and inspect the student's files; return the objects. Raises BuildFailed, Tampered, NotStarted."""
    inspected = wanted.inspected
    inspected.folder.mkdir(parents=True, exist_ok=True)
    with locked(inspected.folder / "lock"):
        if not all(path.exists() for path in inspected.paths):
            _compile(inspected)
    if wanted.variant == INSPECTED:
        wanted = inspected
    else:
        _compile(wanted)
    for name, path in zip(inspected.sources, inspected.paths):
        found = suspicions(path, frozenset(wanted.run.part.symbols))
        if wanted.variant != INSPECTED:
            found += _unsanitized(_preprocessed(wanted, name))
        if found:
            raise _tampered(wanted.run, name, found)
    return wanted.paths


def _compile(wanted: Objects) -> None:
    """Run gcc on each file, where nothing but the sources can be seen."""
    source = wanted.run.source
    with wanted.run.sandbox(Room(readable=(source,), writable=(wanted.folder,))) as box:
        for name, path in zip(wanted.sources, wanted.paths):
            argv = [COMPILER, *COMMON, *UNAWARE, "-I.", f"-ffile-prefix-map={source}/=", name]
            if wanted.variant != INSPECTED:
                wanted.make(box, [*argv, "-E"], _preprocessed(wanted, name).name)
            wanted.make(box, [*argv, *VARIANTS[wanted.variant], "-c"], path.name)


def _preprocessed(wanted: Objects, name: str) -> Path:
    return wanted.folder / f"{name}.i"


def _unsanitized(preprocessed: Path) -> list[str]:
    """Return the attributes that switch a sanitizer off, in C that the preprocessor is done with."""
    text = re.sub(r'"(?:[^"\\\n]|\\.)*"', '""', preprocessed.read_text("utf-8", "replace"))
    found = UNSANITIZED.search(text)
    return [f"an attribute that switches a sanitizer off ({found[0]})"] if found else []


def _tampered(run: Run, name: str, found: list[str]) -> Tampered:
    """A file that would act on its own, or hides from the sanitizers."""
    return Tampered(
        f"{name} has {found[0]}",
        expected="functions that are called by the tests and do nothing before or after",
        evidence=[Evidence("note", f"{run.job.display}/{name}: {each}") for each in found],
    )
