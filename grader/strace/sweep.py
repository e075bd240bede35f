"""The fault sweep: many runs, one fault each; its plan, its cells, its table for students."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Iterable, Mapping

from grader.result import Evidence
from grader.strace.ask import Trace
from grader.strace.faults import MOST, Fair, Fault, anywhere, floor, ordinals, struck

PLANNED, SURVIVED, FAILED = "planned", "survived", "failed"
UNREACHED, UNFAIR = "unreached", "unfair"
SIGNS = {SURVIVED: ".", FAILED: "X", UNREACHED: "-", UNFAIR: "-", PLANNED: " "}
LEGEND = ". survived   X failed   - did not strike, not judged"
WIDTH = 80
CALLS = 100_000  # traced calls in all runs of a sweep together; most programs make a few thousand


@dataclass(frozen=True)
class Pair:
    """A call, an error that it may give, and where that is fair to a correct program."""

    call: str
    errno: str
    fair: Fair = anywhere


@dataclass(frozen=True)
class Cell:
    """One run: call number `n` of the thread fails (from main on; `when` is strace's number)."""

    call: str
    errno: str
    n: int
    when: int
    verdict: str = PLANNED
    evidence: tuple[Evidence, ...] = ()
    fair: Fair = field(default=anywhere, repr=False, compare=False)

    @property
    def fault(self) -> Fault:
        """The fault to inject in this run."""
        return Fault(self.call, self.errno, when=str(self.when))

    def judged(self, trace: Trace, survived: bool, evidence: Iterable[Evidence] = ()) -> Cell:
        """Return the cell with its verdict; one that was not fairly struck is not judged."""
        what, _ = struck(trace, self.fair)
        if what != "hit":
            return replace(self, verdict=what)
        if survived:
            return replace(self, verdict=SURVIVED)
        return replace(self, verdict=FAILED, evidence=tuple(evidence))


def plan_sweep(
    clean: Trace, pairs: Iterable[Pair], base: Mapping[str, int], places: int = 4
) -> list[Cell]:
    """Choose where each pair is to strike, from one run without faults.

    base: see faults.baseline; places: at most so many of each pair: the first, the second, the
    last and some between. Only calls are chosen that are fair to fail and that no loader or
    launcher shares. Of a program that makes very many calls fewer runs are planned, evenly spread.
    """
    numbers = ordinals(clean)
    cells = []
    for pair in pairs:
        least = floor(clean, base, pair.call)
        fitting = {
            numbers[call.index]
            for call in clean.calls(pair.call)
            if least < numbers[call.index] <= MOST and pair.fair(clean, call)
        }
        for when in spread(sorted(fitting), places):
            n = when - base.get(pair.call, 0)
            cells.append(Cell(pair.call, pair.errno, n, when, fair=pair.fair))
    return cells[:: max(math.ceil(len(cells) * len(clean.calls()) / CALLS), 1)]


def spread(numbers: list[int], places: int) -> list[int]:
    """Return at most `places` of the numbers, evenly spread, beginning with the first.

    The last ones are left out where there are enough: another run may make a few calls less.
    """
    if len(numbers) <= places:
        return numbers
    return [numbers[place * len(numbers) // places] for place in range(places)]


@dataclass(frozen=True)
class Matrix:
    """All cells of a sweep."""

    cells: tuple[Cell, ...]

    @property
    def failed(self) -> tuple[Cell, ...]:
        """The runs that the program did not survive."""
        return tuple(cell for cell in self.cells if cell.verdict == FAILED)

    @property
    def judged(self) -> int:
        """How many cells were struck fairly."""
        return sum(cell.verdict in (SURVIVED, FAILED) for cell in self.cells)

    @property
    def share(self) -> float:
        """The part of the judged pairs of call and error that were survived wherever they struck (0 to 1)."""
        judged = {
            (cell.call, cell.errno) for cell in self.cells if cell.verdict in (SURVIVED, FAILED)
        }
        failed = {(cell.call, cell.errno) for cell in self.failed}
        return 1 - len(failed) / len(judged) if judged else 0.0

    def text(self, width: int = WIDTH) -> str:
        """Return the table: a row for each call, a column for each error, a sign for each place."""
        calls = list(dict.fromkeys(cell.call for cell in self.cells))
        errors = list(dict.fromkeys(cell.errno for cell in self.cells))
        signs = {(c, e): self._signs(c, e) for c in calls for e in errors}
        margin = max((len(call) for call in calls), default=0)
        columns = [max(len(e), *(len(signs[c, e]) for c in calls)) for e in errors]
        lines: list[str] = []
        while errors:
            fit = _fitting(columns, width - margin)
            head = "".join(f"  {e:<{w}}" for e, w in zip(errors[:fit], columns))
            lines.append(f"{'':{margin}}{head}".rstrip())
            for call in calls:
                row = "".join(f"  {signs[call, e]:<{w}}" for e, w in zip(errors[:fit], columns))
                if row.strip():
                    lines.append(f"{call:<{margin}}{row}".rstrip())
            errors, columns = errors[fit:], columns[fit:]
        return "\n".join([*lines, LEGEND])

    def _signs(self, call: str, errno: str) -> str:
        chosen = (cell for cell in self.cells if (cell.call, cell.errno) == (call, errno))
        return "".join(SIGNS[cell.verdict] for cell in sorted(chosen, key=lambda cell: cell.n))

    def told(self, most: int = 4) -> str:
        """Return how many faults were not survived, and what came of the first kinds of them, a line each."""
        kinds = Counter(
            f"{each.call} {each.errno}: {each.evidence[0].text}" for each in self.failed
        )
        stories = [text if n == 1 else f"{text} ({n} times)" for text, n in kinds.items()]
        count = f"{len(self.failed)} of {self.judged} faults were not survived"
        return "\n".join([count, *stories[:most]])

    def evidence(self) -> tuple[Evidence, ...]:
        """Return the table and what the failed runs left behind."""
        exhibits = (exhibit for cell in self.failed for exhibit in cell.evidence)
        return (Evidence("matrix", self.text()), *exhibits)


def _fitting(columns: list[int], width: int) -> int:
    """How many columns, each with two blanks before it, fit into the width; at least one."""
    used = 0
    for count, column in enumerate(columns):
        used += column + 2
        if used > width and count:
            return count
    return len(columns)
