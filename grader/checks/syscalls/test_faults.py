"""The inspector's own calls fail, and the machine has no more processes, descriptors or strace for it."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Iterator

from grader import paths
from grader.checks.syscalls.inspection import Inspection, typed
from grader.checks.syscalls.inspector import ENGINES, STEP, Bench, bench
from grader.outcome import Failed, Inconclusive, check
from grader.poll import ready_to_read
from grader.recording import Recording, record
from grader.result import Evidence
from grader.run import Run
from grader.strace.ask import Trace
from grader.strace.attach import attached
from grader.strace.faults import Fault, baseline
from grader.strace.run import ALL
from grader.strace.sweep import Cell, Matrix, Pair, plan_sweep

AGAIN = ("read", "wait4", "waitid", "poll", "ppoll")  # EINTR: done once more, nothing is lost
SHORT = {  # for want of something: a message and 125, or done by other means
    "pipe2": ("EMFILE", "ENFILE"),
    "pipe": ("EMFILE", "ENFILE"),
    "socketpair": ("EMFILE",),
    "clone": ("EAGAIN", "ENOMEM"),
    "fork": ("EAGAIN", "ENOMEM"),
    "vfork": ("EAGAIN", "ENOMEM"),
}
PLACES = 3  # where each pair strikes
STEPS = ("getppid=40", "enoent=20", "exit=3")
FAILED_ITSELF = 125
MOST_HANGS = 2  # runs without an end, after which no others are tried: each takes seconds


@check("fault.sweep")
def test_faults(run: Run) -> None:
    """Fail one pipe, fork, read or wait of the inspector after the other; then take away processes, descriptors and strace."""
    empty = run.helper(paths.CHECKS / "empty.c")
    cells: list[Cell] = []
    with bench(run, "probe", "stage") as place:
        for engine in ENGINES:
            sweep = Sweep(place, engine)
            cells += sweep.cells(baseline(lambda: sweep.played([empty])[0]))
        scarce = _scarce_runs(place)
    matrix = Matrix(tuple(cells))
    wrong = [what for what in scarce if what]
    if not matrix.judged:
        raise Inconclusive("no fault could be injected")
    if matrix.failed or wrong:
        raise _failure(matrix, wrong, len(scarce))


def _failure(matrix: Matrix, wrong: list[tuple[str, Inspection | None]], tries: int) -> Failed:
    told = [matrix.told(3)] if matrix.failed else []
    told += [text for text, _ in wrong[:3]]
    evidence = list(matrix.evidence() if matrix.failed else ())
    for _, found in wrong[:1]:
        evidence += found.exhibits() if found else []
    bad = len(matrix.failed) + len(wrong)
    share = 1 - bad / (matrix.judged + tries)
    expected = (
        "EINTR: nothing is lost; no more descriptors, processes, strace: a message, exit status "
        f"{FAILED_ITSELF}, nothing left running"
    )
    return Failed("\n".join(told), expected=expected, evidence=evidence[:6], share=share)


class Sweep:
    """Runs the same inspection again and again, each time with another fault in the inspector itself."""

    def __init__(self, place: Bench, engine: str):
        self._place = place
        self._argv = [place.run.program(), "-e", engine, place.probe("probe"), *STEPS]
        self._explained = False
        self._hung = 0

    def cells(self, base: dict[str, int]) -> list[Cell]:
        """Return all runs, judged. Raises Failed if it does not even work without a fault."""
        clean, _, found = self.played(self._argv)
        trouble = self._trouble(found, clean=True)
        if trouble:
            raise Failed(trouble, expected="no fault, no trouble", evidence=found.exhibits())
        pairs = [Pair(call, "EINTR") for call in AGAIN]
        pairs += [Pair(call, errno) for call, errnos in SHORT.items() for errno in errnos]
        plan = plan_sweep(clean, pairs, base, PLACES)
        return [self._judged(cell) if self._hung < MOST_HANGS else cell for cell in plan]

    def played(
        self, argv: list[object], faults: tuple[Fault, ...] = (), stacks: bool = False
    ) -> tuple[Trace, Recording, Inspection]:
        """Run a program under strace that follows no child of it; return what was seen."""
        run = self._place.run
        program = Path(str(argv[0]))
        recording = record(run, program, ALL, stacks, faults, follow=False)
        with _pipes() as (stdin, to, answers, stdout):
            staged = [self._place.probe("stage"), *argv]
            process = self._place.start(staged, stdin=stdin, stdout=stdout)
            if not ready_to_read(answers, run.limit(STEP)):
                raise Inconclusive("the program could not be held for its tracer")
            with attached(recording.strace, process, run.limit(STEP)):
                os.write(to, b"x")
                ending = self._place.ended(process, argv)
            process.kill()
        said = process.stderr_text()
        return recording.trace(), recording, Inspection(typed(argv), ending, b"", said, said)

    def _judged(self, cell: Cell) -> Cell:
        try:
            trace, _, found = self.played(self._argv, (cell.fault,))
        except Failed as failure:
            self._place.clear()
            self._hung += 1
            exhibits = [Evidence("note", failure.observed), *failure.evidence]
            return replace(cell, verdict="failed", evidence=tuple(exhibits))
        trouble = self._trouble(found, clean=cell.call in AGAIN)
        self._place.clear()
        evidence = [Evidence("note", trouble)]
        if trouble and not self._explained:
            self._explained = True
            evidence += self._explain(cell) + found.exhibits()
        return cell.judged(trace, not trouble, evidence)

    def _explain(self, cell: Cell) -> list[Evidence]:
        """Run a cell again for the stack of the call that was struck."""
        with suppress(Failed):
            trace, recording, _ = self.played(self._argv, (cell.fault,), stacks=True)
            return recording.exhibit(trace.injected())
        self._place.clear()
        return []

    def _trouble(self, found: Inspection, clean: bool) -> str:
        """Return what is wrong, or nothing; clean: only the usual table will do."""
        if not self._place.alone():
            return (
                f"{found.ending}; afterwards something still runs: {self._place.inhabitants().text}"
            )
        if found.ending.code == 3 and found.table.rows:
            if found.table.row("getppid").calls == 40 and found.table.row("openat").errors >= 20:
                return ""
            return "calls are missing in the table"
        if clean or found.ending.code != FAILED_ITSELF:
            return f"{found.ending}" + ("" if found.table.rows else ", no table")
        return "" if found.stderr.strip() else "no message"


@contextmanager
def _pipes() -> Iterator[tuple[int, int, int, int]]:
    """Yield both ends of two pipes."""
    ends = (*os.pipe(), *os.pipe())
    try:
        yield ends
    finally:
        for end in ends:
            os.close(end)


def _scarce_runs(place: Bench) -> list[tuple[str, Inspection | None] | None]:
    """Return what is wrong with each run; those after some that hang are left out."""
    runs: list[tuple[str, Inspection | None] | None] = []
    for what in _scarcities(place):
        runs.append(what)
        if sum(each is not None and each[1] is None for each in runs) >= MOST_HANGS:
            break
    return runs


def _scarcities(place: Bench) -> Iterator[tuple[str, Inspection | None] | None]:
    """Yield, for each run in which something real is missing, what is wrong with it, or None."""
    probe = place.probe("probe")
    for engine in ENGINES:
        words = ["-e", engine, probe, *STEPS]
        for processes in (2, 3):
            limits = replace(place.run.limits, processes=processes)
            yield _scarce(place, f"{processes} processes", words, limits=limits)
        for nofile in (4, 5, 6):
            limits = replace(place.run.limits, nofile=nofile, soft_nofile=nofile)
            yield _scarce(place, f"{nofile} descriptors", words, limits=limits)
    nowhere = {"PATH": "/nonexistent"}
    yield _scarce(place, "no strace in PATH", ["-e", "strace", probe, *STEPS], env=nowhere)


def _scarce(
    place: Bench, what: str, words: list[object], **options: object
) -> tuple[str, Inspection | None] | None:
    try:
        found = place.inspect(*words, **options)  # type: ignore[arg-type]
    except Failed as failure:
        place.clear()
        return f"{what}: {failure.observed}", None
    whole = found.ending.code == 3 and found.table.row("getppid").calls == 40
    told = found.ending.code == FAILED_ITSELF and found.stderr.strip()
    if not place.alone():
        place.clear()
        return f"{what}: {found.ending}; afterwards something still runs", found
    return None if whole or told else (f"{what}: {found.ending}", found)
