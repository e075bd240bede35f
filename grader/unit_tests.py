"""The tests of a drill, compiled once for all gradings: they are ours, and so is every header that they include.

`keep_tests` keeps the objects in build/tests, under names that change with all that goes into them. A
worker, which may be a user that can keep nothing, takes them from there, and compiles what is missing itself.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from grader import paths
from grader.build import COMMON, COMPILER
from grader.manifest import Lab, Part, all_labs
from grader.toolchain import has

OBJCOPY = "/usr/bin/objcopy"
KEEP = "--keep-global-symbol"  # of objcopy: all other symbols become local
# Quickly compiled, and with guards around what the drill is given.
VARIANTS = {
    "plain": ("-O0",),
    "asan": ("-O0", "-fsanitize=address"),
    "tsan": ("-O1", "-fsanitize=thread"),
}
RACE_VARIANTS = ("plain", "tsan")
NO_LIMIT = "-DTEST_SECONDS=1e6"  # Criterion ends no test: unit_run.py knows how slow the machine is
WITHOUT_CRITERION = paths.LABS / "common" / "gdb"  # a header in the place of Criterion's
_INCLUDE = re.compile(r'(?m)^#include "(.+)"')


@dataclass(frozen=True)
class UnitTests:
    """One file of tests, for one variant of the student's code; plain_main: it does without Criterion."""

    lab: Lab
    source: Path
    variant: str
    plain_main: bool = False

    @property
    def includes(self) -> tuple[Path, ...]:
        """The folders of our headers; those of the lab are what the student was given, untouched."""
        theirs = (WITHOUT_CRITERION,) if self.plain_main else ()
        return (self.source.parent, *theirs, paths.CHECKS, self.lab.folder)

    @cached_property
    def kept(self) -> Path:
        """Where the object is if it is kept: its name tells the sources, the options and the compiler."""
        compiler = os.stat(COMPILER)
        what = (self._options, self.plain_main, compiler.st_size, compiler.st_mtime_ns)
        digest = sha256(repr(what).encode())
        for path in sorted(self._sources()):
            digest.update(path.read_bytes())
        return paths.TESTS / f"{self._family}{digest.hexdigest()[:16]}.o"

    @property
    def _family(self) -> str:
        return f"{self.lab.id}.{self.source.stem}.{self.variant}."

    @property
    def _options(self) -> list[str]:
        return [*COMMON, *VARIANTS[self.variant], NO_LIMIT, "-c"]

    def _sources(self) -> set[Path]:
        """The file and all of ours that it includes; what is missing, the compiler will tell."""
        found, news = set(), [self.source]
        while news:
            path = news.pop()
            found.add(path)
            for name in _INCLUDE.findall(path.read_text("utf-8")):
                places = (folder / name for folder in (path.parent, *self.includes))
                included = next((each.resolve() for each in places if each.exists()), path)
                news += [included] if included not in found else []
        return found

    def commands(self, folder: Path) -> list[list[str]]:
        """Return the commands that make folder/tests.o, in which nothing can be named from outside but main."""
        open_, shut = str(folder / "open_tests.o"), str(folder / "tests.o")
        includes = [f"-I{each}" for each in self.includes[1:]]
        keep = f"{KEEP}={'main' if self.plain_main else ''}"
        return [
            [COMPILER, *self._options, *includes, str(self.source), "-o", open_],
            [OBJCOPY, keep, open_, shut],
        ]

    def keep(self) -> None:
        """Compile and keep it, in place of older ones. Raises OSError where nothing can be kept."""
        with tempfile.TemporaryDirectory(dir=paths.TESTS) as name:
            for argv in self.commands(Path(name)):
                if subprocess.run(argv, capture_output=True, check=False).returncode != 0:
                    return  # a worker meets the same, and reports it
            older = set(paths.TESTS.glob(f"{self._family}*")) - {self.kept}
            os.replace(f"{name}/tests.o", self.kept)
        for path in older:
            path.unlink(missing_ok=True)


def tests_file(lab: Lab, part: Part) -> Path:
    """Return where the Criterion tests of a part are, if it has any."""
    return paths.CHECKS / lab.id / f"unit_{part.id}.c"


def race_file(lab: Lab, part: Part) -> Path:
    """Return where a part's program of threads is, if it has one: a plain `main` around the student's code."""
    return paths.CHECKS / lab.id / f"race_{part.id}.c"


def all_tests(lab: Lab, checks: Collection[str] = ()) -> Iterator[UnitTests]:
    """Yield what these checks of a lab (default: all) are tested with."""
    chosen = [check for check in lab.checks if not checks or check.id in checks]
    for id in sorted({check.part for check in chosen}):
        part = lab.part(id)
        if tests_file(lab, part).exists():
            for variant in sorted({v for c in chosen if c.part == id for v in c.variants}):
                yield UnitTests(lab, tests_file(lab, part), variant)
        if race_file(lab, part).exists():
            for variant in RACE_VARIANTS:
                yield UnitTests(lab, race_file(lab, part), variant, plain_main=True)


def keep_tests(lab: Lab, checks: Collection[str] = ()) -> None:
    """Compile the tests that these checks of a lab (default: all) need and that are not kept yet.

    Where nothing can be kept, as in a read-only tree, workers compile them.
    """
    missing = [tests for tests in all_tests(lab, checks) if not tests.kept.exists()]
    if missing and has("criterion"):
        with suppress(OSError), ThreadPoolExecutor(os.cpu_count()) as pool:
            paths.TESTS.mkdir(parents=True, exist_ok=True)
            list(pool.map(UnitTests.keep, missing))


if __name__ == "__main__":
    for each in all_labs(paths.ROOT):
        keep_tests(each)
