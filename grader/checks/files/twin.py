"""What filewalker and its Go twin both do: walk the same tree, four folders at a time, into a pipe."""

from __future__ import annotations

import os
from pathlib import Path
from random import Random

from grader.outcome import Inconclusive
from grader.pipe import Pipe
from grader.run import Run
from grader.tree import Tree
from grader.twin import C, Stage, build_twin

NAMES = {"c": "filewalker.c", "go": "walk.go"}
TOURS = {"goread": "read", "gobufio": "bufio", "gostat": "stat", "gowalkdir": "walkdir"}
SIDES = ("c", "go", *TOURS)
FOLDERS, FILES = 12, 30  # files in each folder
SIZE, PIECE, BUFFER = (
    8000,
    100,
    4096,
)  # bytes: of the file that is read, of a read, of bufio's buffer
MOST = 1 << 20  # bytes of output


def program(run: Run, side: str) -> Path:
    """The sides of a tour are single functions of Go's library."""
    if side in TOURS:
        return build_twin(run, "./tour", "tour")
    return run.program() if side == C else build_twin(run)


def work(stage: Stage) -> dict[str, int]:
    """Walk 12 folders with 30 files each, into a pipe."""
    tree = _tree(stage)
    touring = TOURS.get(stage.side)
    target = tree.root if touring in (None, "walkdir") else tree.path(b"read").decode()
    with Pipe() as pipe:
        words = (touring, target) if touring else ("-j", 4, target)
        walker = stage.start(*words, stdout=pipe.write_end)
        output = pipe.read(stage.run.limit(20.0), MOST)
    stage.end(walker)
    found = int(output.data or b"0") if touring else output.data.count(b"\n")
    if found != (tree.entries if touring in (None, "walkdir") else SIZE):
        said = walker.stderr_text().strip()
        raise Inconclusive(f"{stage.path.name} {touring or ''} finds {found}. {said}")
    units = {"entry": tree.entries, "folder": FOLDERS + 1, "walk": 1}
    return {**units, "piece": SIZE // PIECE, "buffer": -(-SIZE // BUFFER)}


def _tree(stage: Stage) -> Tree:
    tree = Tree.make(stage.folder / "tree")
    random = Random(stage.run.job.seed)
    for folder in range(FOLDERS):
        name = tree.folder(b"d%d" % folder)
        for file in range(FILES):
            tree.file(os.path.join(name, b"f%d" % file), random.randrange(5000))
    tree.file(b"read", SIZE)
    return tree
