"""Big trees: made by a C program in the sandbox's own memory, gone with it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

from grader.checks.files.walker import Forest, forest
from grader.outcome import Inconclusive
from grader.run import Run

PROGRAM = Path(__file__).with_name("plant.c")
LIMIT = 20.0  # seconds, for the biggest tree


@dataclass(frozen=True)
class Nursery:
    """A forest whose trees grow inside."""

    forest: Forest
    planter: Path

    def plant(self, root: str, groups: int, folders: int, files: int) -> None:
        """Make the tree `root`: groups of folders with so many files each, see plant.c."""
        run = self.forest.run
        argv: list[str | Path] = [self.planter, root, *map(str, (groups, folders, files))]
        process = self.forest.box.start(argv, cwd=self.forest.folder)
        if process.wait(run.limit(LIMIT)).code != 0:
            raise Inconclusive(f"no tree to walk: {process.stderr_text().strip()}")


@contextmanager
def planted(run: Run) -> Iterator[Nursery]:
    """Open a sandbox in whose /tmp trees can be made."""
    planter = run.helper(PROGRAM)
    with forest(run) as woods:
        yield Nursery(woods, planter)
