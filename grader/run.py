"""What a check is given: the submission's programs, sandboxes to run them in, seed and limits."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Iterable, Sequence

from grader import build as building
from grader.calibrate import patience
from grader.golang import GoRecipe, build_go, roomy
from grader.job import Job
from grader.ledger import OUTPUT
from grader.limits import Limits
from grader.manifest import Check, Lab, Part
from grader.process import NotStarted
from grader.result import Evidence
from grader.sandbox import FULL, NONE, PARTIAL, Room, Sandbox
from grader.strace.call import Call
from grader.strace.evidence import show_blamed
from grader.under import GDB, under

GO = "go"  # a track, see track.py
UNITS = "units"  # below build: the tests of drills, linked with what they test
FOREVER = 1e6  # seconds: somebody sits at a debugger
OUTPUT_FILE = re.compile(rf"<[^<>]*{OUTPUT}[^<>]*>")  # what stdout and stderr are, in a trace


@dataclass(frozen=True)
class Run:
    """One check's view of a grading. `slot` numbers the checks that run side by side."""

    job: Job
    lab: Lab
    check: Check
    isolation: str
    slowness: float
    slot: int = 0
    mishaps: list[str] = field(default_factory=list)  # tracers that died, see mishap.py

    @cached_property
    def random(self) -> Random:
        """A random number generator that depends on the seed and on the check alone."""
        return Random(f"{self.job.seed}:{self.check.id}")

    @property
    def part(self) -> Part:
        """The part that the check belongs to."""
        return self.lab.part(self.check.part)

    @property
    def limits(self) -> Limits:
        """The limits that the manifest sets for a run of the program."""
        return roomy(self.check.limits) if self.job.track == GO else self.check.limits

    def limit(self, seconds: float) -> float:
        """Return a limit of waiting, `seconds` on a fast machine, for this machine at this moment."""
        return FOREVER if self.job.under == GDB else seconds * patience(self.slowness)

    @property
    def cpu(self) -> int:
        """The processor to which a tracer and its program are pinned: switching costs three times more."""
        usable = sorted(os.sched_getaffinity(0))
        return usable[self.slot % len(usable)]

    @property
    def source(self) -> Path:
        """The folder with the sources that were compiled."""
        return Path(self.job.source)

    def scratch(self, name: str) -> Path:
        """Return the path of a file of this check's own."""
        folder = Path(self.job.scratch) / "checks" / self.check.id
        folder.mkdir(parents=True, exist_ok=True)
        return folder / name

    def program(self, variant: str = "plain") -> Path:
        """Return the student's program, compiled on first use. Raises BuildFailed."""
        if self.job.track == GO:
            return build_go(go_recipe(self.job, self.part), Path(self.job.scratch), self.sandbox)
        return building.build(program_recipe(self.job, self.part), variant, self.sandbox)

    def helper(self, source: Path, *flags: str) -> Path:
        """Return a C program of ours (a yardstick, an empty main), compiled on first use. Raises NotStarted."""
        output = Path(self.job.scratch) / "helpers"
        recipe = building.Recipe(
            source.parent, output, source.stem, (source.name,), str(source.parent), flags
        )
        try:
            return building.build(recipe, "plain", self.sandbox)
        except building.BuildFailed as failure:
            raise NotStarted(f"{source.name}, a program of the grader: {failure}") from failure

    def exhibit(self, calls: Iterable[Call], program: Path) -> Evidence:
        """Return calls of `program` as evidence that names the student's line which made the last of them."""
        names = [path.name for path in self.source.iterdir()]
        evidence = show_blamed(calls, program, names, tidy=self._tidy)
        file = f"{self.job.display}/{evidence.file}" if evidence.file else ""
        return replace(evidence, file=file)

    def _tidy(self, line: str) -> str:
        """Take out of a trace's line what only the grader knows: where outputs and scratch folder are."""
        return OUTPUT_FILE.sub("<output>", line).replace(f"{self.job.scratch}/", "")

    def sandbox(self, room: Room | None = None) -> Sandbox:
        """Return a new sandbox, by default one that sees the compiled programs only."""
        folder = Path(self.job.scratch)
        replay = under(self.job.under, folder, self.source, folder)
        return Sandbox(room or self.room(), self.isolation, replay, self.mishaps)

    def room(self) -> Room:
        """What programs of this grading may see: what was built but our tests, and for gdb the sources."""
        scratch = Path(self.job.scratch)
        built = [path for path in sorted(scratch.glob("build/*")) if path.name != UNITS]
        others = [scratch / "helpers", *([self.source] if self.job.under == GDB else ())]
        return Room(readable=(*built, *(folder for folder in others if folder.exists())))


def program_recipe(job: Job, part: Part) -> building.Recipe:
    """Return how the program of a part is built: all of the student's C files of that part."""
    source = Path(job.source)
    extra = [path.name for glob in part.extra for path in source.glob(glob)]
    files = [name for name in (*part.files, *extra) if name.endswith(".c")]
    return building.Recipe(
        source=source,
        output=Path(job.scratch) / "build",
        program=part.program,
        files=tuple(sorted(set(files))),
        display=job.display,
    )


def go_recipe(job: Job, part: Part) -> GoRecipe:
    """Return how the program of a part is built of the student's Go files."""
    source, output = Path(job.source), Path(job.scratch) / "build"
    files = (path.name for path in source.glob("*.go") if not path.name.endswith("_test.go"))
    return GoRecipe(source, output, part.program, job.display, tuple(sorted(files)))


def best_isolation(levels: Sequence[str] = (FULL, PARTIAL)) -> tuple[str, str]:
    """Return the best isolation that this machine allows, and why it is no better."""
    trouble = ""
    for level in levels:
        try:
            with Sandbox(Room(), level) as box:
                box.start(["/usr/bin/true"]).wait(10.0)
            return level, trouble
        except NotStarted as error:
            trouble = trouble or str(error)
    return NONE, trouble
