"""What drill `copy` and its Go twin both do: copy a file, by open, read, write and close."""

from __future__ import annotations

from pathlib import Path
from random import Random

from grader.build import Recipe, build
from grader.outcome import Inconclusive
from grader.run import Run
from grader.twin import C, Stage, build_twin

NAMES = {"c": "copy.c", "go": "copy.go"}
MAIN = Path(__file__).parent / "copy_main.c"
SIZE = 100_000  # bytes: four reads of 32 KiB, and the end


def program(run: Run, side: str) -> Path:
    """The student's copy.c with a main of ours; in Go the whole program."""
    if side != C:
        return build_twin(run)
    output = Path(run.job.scratch) / "build"
    recipe = Recipe(run.source, output, "copy", ("copy.c",), run.job.display, given=(MAIN,))
    return build(recipe, "plain", run.sandbox)


def work(stage: Stage) -> dict[str, int]:
    """Copy a file of 100,000 bytes, and look whether the copy is one."""
    source, target = stage.folder / "source", stage.folder / "target"
    source.write_bytes(Random(stage.run.job.seed).randbytes(SIZE))
    copy = stage.start(source, target)
    ending = stage.end(copy)
    if not target.exists() or target.read_bytes() != source.read_bytes():
        said = copy.stderr_text().strip()
        raise Inconclusive(f"{stage.path.name} made no copy: {ending}. {said}")
    return {"block": -(-SIZE // (32 << 10)), "file": 2, "copy": 1}
