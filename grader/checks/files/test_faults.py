"""The fault sweep: one system call of a parallel walk fails; all else must be found all the same."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from grader import paths
from grader.checks.files.compare import below, text
from grader.checks.files.fair import CLONES, MEMORY, planned
from grader.checks.files.shown import exhibit
from grader.checks.files.testimony import NAME, OPENS, READS, STATS, target
from grader.checks.files.walker import Forest, Walk, ended, forest
from grader.outcome import Failed, Inconclusive, check
from grader.recording import Recording, record
from grader.result import Evidence
from grader.run import Run
from grader.strace.ask import Trace
from grader.strace.call import Call
from grader.strace.faults import baseline, struck
from grader.strace.sweep import FAILED, Cell, Matrix
from grader.tree import Tree

ARGS = ("-j", "2", "tree")
CALLS = (*STATS, *OPENS, *READS, *MEMORY, *CLONES, "exit_group")
FILES = 8  # in each folder
PATIENCE = 2.0  # seconds for a walk of a few folders
HANGS = 2  # after so many the sweep ends


@dataclass(frozen=True)
class Outcome:
    """What one run of the sweep came to; `story` is empty if the walk survived."""

    trace: Trace
    recording: Recording
    story: str
    hung: bool


@check("fault.sweep")
def test_faults(run: Run) -> None:
    """Fail one openat, stat, getdents64, mmap, brk or clone after the other in a walk with -j 2; nothing may be
    lost but what was hit, and that not in silence."""
    folder = run.scratch("trees")
    folder.mkdir()
    tree = _tree(run, folder)
    empty = run.helper(paths.CHECKS / "empty.c")
    with forest(run, folder) as woods:
        matrix = Sweep(woods, tree).run(empty)
    if not matrix.judged:
        raise Inconclusive("no fault could be injected")
    if matrix.failed:
        raise _failure(matrix)


def _tree(run: Run, folder: Path) -> Tree:
    """Folders in folders, a few files in each."""
    tree = Tree.make(folder / "tree")
    folders = [b""]
    for number in range(24):
        parent = run.random.choice(folders[-6:])
        folders.append(tree.folder(os.path.join(parent, b"d%d" % number)))
        for file in range(FILES):
            tree.file(os.path.join(folders[-1], b"file%d" % file))
    return tree


def _failure(matrix: Matrix) -> Failed:
    first = matrix.failed[0]
    evidence = [Evidence("matrix", matrix.text()), *first.evidence[1:]]
    expected = "all lines but those of what could not be read; for that a message, and exit 1"
    return Failed(matrix.told(), expected=expected, evidence=evidence, share=matrix.share)


class Sweep:
    """Runs the same walk again and again, each time with another fault."""

    def __init__(self, woods: Forest, tree: Tree):
        self._woods = woods
        self._run = woods.run
        self._limits = replace(woods.run.limits, time=PATIENCE)
        self._program = woods.run.program()
        self._top = os.fsencode(tree.parent) + b"/"
        self._truth = Counter(woods.find("tree").records)
        self._explained = False

    def run(self, empty: Path) -> Matrix:
        """Run a walk for each planned cell."""
        clean = self._walk(None)
        if clean.story:
            raise Failed(clean.story, expected="the lines that find prints, without any fault")
        base = baseline(lambda: self._empty(empty))
        cells, hangs = [], 0
        for cell in planned(clean.trace, base):
            if hangs < HANGS:
                outcome = self._walk(cell)
                hangs += outcome.hung
                cell = self._judged(cell, outcome)
            cells.append(cell)
        return Matrix(tuple(cells))

    def _empty(self, program: Path) -> Trace:
        """What a program that does nothing asks of the kernel, started in the same way."""
        recording = record(self._run, program, CALLS)
        process = self._woods.box.start(
            [program], limits=self._limits, wrap=recording.strace.argv(), cwd=self._woods.folder
        )
        process.wait(self._run.limit(5.0))
        process.kill()
        return recording.trace()

    def _walk(self, cell: Cell | None, stacks: bool = False) -> Outcome:
        faults = [cell.fault] if cell else []
        recording = record(self._run, self._program, CALLS, stacks, faults, strings=NAME)
        walk = self._woods.walk(*ARGS, wrap=recording.strace.argv(), limits=self._limits)
        trace = recording.trace()
        _, hit = struck(trace)
        return Outcome(trace, recording, self._story(walk, hit), walk.ending is None)

    def _judged(self, cell: Cell, outcome: Outcome) -> Cell:
        evidence = [Evidence("note", outcome.story)]
        result = cell.judged(outcome.trace, not outcome.story, evidence)
        if result.verdict == FAILED and not self._explained:
            self._explained = True
            again = self._walk(cell, stacks=True)
            _, hit = struck(again.trace, cell.fair)
            shown = exhibit(again.recording, hit[:2], note=again.story)
            result = replace(result, evidence=(*result.evidence, *shown))
        return result

    # -- what may be missing -------------------------------------------------------------------

    def _story(self, walk: Walk, hit: tuple[Call, ...]) -> str:
        """What went wrong, or nothing."""
        try:
            ended(walk)
        except Failed as failure:
            return failure.observed
        got = Counter(walk.records)
        if surplus := list((got - self._truth).elements()):
            return f"{len(surplus)} lines too many: {text(surplus[0])}"
        missing = [line.split(b" ", 3)[3] for line in (self._truth - got).elements()]
        lost = [name for name in missing if not self._excused(name, hit)]
        if lost:
            return f"{len(lost)} lines are missing that the fault did not hit: {text(lost[0])}"
        silent = walk.ending is not None and (walk.ending.code != 1 or not walk.said.strip())
        if missing and silent and not all(_end_of_folder(call) for call in hit):
            code = walk.ending.code if walk.ending else None
            return f"{len(missing)} lines are missing; exit status {code}, stderr: {walk.said!r}"
        return ""

    def _excused(self, name: bytes, hit: tuple[Call, ...]) -> bool:
        """Whether the fault explains that the line of this entry is missing."""
        if any(call.name in (*MEMORY, *CLONES) for call in hit):
            return True
        return below(name, (self._victim(call) for call in hit))

    def _victim(self, call: Call) -> bytes:
        whole = os.fsencode(call.arg(0).path) if call.name in READS else target(call)
        return whole.removeprefix(self._top)


def _end_of_folder(call: Call) -> bool:
    """readdir(3) takes ENOENT for the end of a folder that was removed, and says nothing."""
    return call.name in READS and call.errno == "ENOENT"
