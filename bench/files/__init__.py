"""Lab `files`: the walk over 100,000 files, against the bare system calls and against find."""

from __future__ import annotations

import subprocess
import time
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Callable, Iterator

from bench.place import Place
from bench.row import Contest, Missing, Row
from bench.rounds import as_fast, at_most
from grader.checks.files.plant import Nursery, planted
from grader.checks.files.walker import FIND, FORMAT
from grader.limits import Limits
from grader.outcome import Inconclusive

LAB, TREE = "files", "tree"
GROUPS, FOLDERS, FILES = 10, 100, 100  # 100,000 files
LIMIT = 30.0  # seconds of one walk
BARE = Path(__file__).with_name("bare.c")
Prepare = Callable[[Place], AbstractContextManager[Contest]]


def _seconds(nursery: Nursery, *argv: str | Path) -> float:
    """Return how long a command takes whose output nobody reads."""
    run, box = nursery.forest.run, nursery.forest.box
    started = time.monotonic()
    process = box.start(argv, limits=Limits(), stdout=subprocess.DEVNULL, cwd=nursery.forest.folder)
    if process.wait(run.limit(LIMIT)).code != 0:
        raise Inconclusive(f"{Path(argv[0]).name}: {process.stderr_text().strip()}")
    seconds = time.monotonic() - started
    process.kill()
    return seconds


@contextmanager
def _walks(threads: int, peer: str, place: Place) -> Iterator[Contest]:
    run = place.run(LAB, "speed")
    ours = [run.program(), "-j", str(threads), TREE]
    if peer == "find":
        theirs: list[str | Path] = [FIND, TREE, "-printf", FORMAT + "\\n"]
        if not Path(FIND).exists():
            raise Missing("no find here (findutils)")
    else:
        theirs = [run.helper(BARE), TREE]
    with planted(run) as nursery:
        nursery.plant(TREE, GROUPS, FOLDERS, FILES)
        yield Contest(partial(_seconds, nursery, *ours), partial(_seconds, nursery, *theirs))


ROWS = (
    Row(
        *(LAB, "filewalker -j 1, 100,000 files", "bare getdents64 and statx", "s"),
        *(at_most(1.1), partial(_walks, 1, "bare")),
    ),
    Row(
        *(LAB, "filewalker -j 2, 100,000 files", "find -printf", "s"),
        *(as_fast(2), partial(_walks, 2, "find")),
    ),
)
