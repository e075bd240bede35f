"""The table: a line for each row, printed as soon as it is measured, in a terminal or a pipe."""

from __future__ import annotations

import os
import sys
from itertools import groupby
from typing import Iterable

from rich.console import Console
from rich.text import Text

from bench.place import Place
from bench.rounds import Result, Target, Verdict
from bench.row import Missing, Row
from grader.build import BuildFailed
from grader.outcome import Failed, Inconclusive
from grader.process import NotStarted, TimeLimit
from grader.session import machine

COLUMNS = (("", 44), ("ours", 11), ("peer", 11), ("ratio", 7), ("target", 8), ("spread", 7))
WIDTH = 110
STYLES = {
    Verdict.MET: "green",
    Verdict.NEAR: "green",
    Verdict.MISSED: "red",
    Verdict.INCONCLUSIVE: "yellow",
    Verdict.NONE: "",
}
TROUBLE = (Failed, Inconclusive, BuildFailed, NotStarted, TimeLimit, OSError)


def fill(place: Place, rows: Iterable[Row], rounds: int) -> None:
    """Measure the rows one after the other and print each as it ends."""
    console = Console(file=sys.stdout, width=WIDTH, highlight=False, markup=False, emoji=False)
    load = os.getloadavg()[0]
    busy = ", too busy for times" if load > (os.cpu_count() or 1) else ""
    console.print(f"{machine()} · load {load:.1f}{busy}")
    for lab, group in groupby(rows, key=lambda row: row.lab):
        console.print(Text(f"\n{lab}", style="bold"))
        console.print(Text(_cells([title for title, _ in COLUMNS]), style="bright_black"))
        for row in group:
            console.print(_line(place, row, rounds), soft_wrap=True)
            sys.stdout.flush()


def _line(place: Place, row: Row, rounds: int) -> Text:
    try:
        result = row.measure(place, rounds)
    except Missing as missing:
        return _told(row, f"skipped: {missing}")
    except TROUBLE as trouble:
        return _told(row, f"not measured: {trouble}")
    line = Text(_cells(numbers(row, result)))
    return line.append(result.verdict.value, style=STYLES[result.verdict])


def _told(row: Row, what: str) -> Text:
    return Text(_cells([_title(row)])).append(what.splitlines()[0], style="yellow")


def _title(row: Row) -> str:
    return f"{row.name} [{row.unit}]" + (f"\n  against {row.peer}" if row.peer else "")


def numbers(row: Row, result: Result) -> list[str]:
    """Return the cells of a row that was measured."""
    absolute = row.target is not None and row.target.absolute
    peer = "" if result.theirs is None else digits(result.theirs)
    ratio = "" if absolute or result.theirs is None else f"{result.score:.2f}"
    spread = f"{result.spread:.0%}"
    return [_title(row), digits(result.ours), peer, ratio, bound(row.target), spread]


def bound(target: Target | None) -> str:
    """Return a target as people write it."""
    if target is None:
        return ""
    return f"{'≥' if target.least else '≤'} {target.bound:g}{'' if target.absolute else ' ×'}"


def digits(number: float) -> str:
    """Return a number with three or four digits that count."""
    if number >= 999.5:
        return f"{number:,.0f}"
    return f"{number:.3g}"


def _cells(texts: list[str]) -> str:
    """Set texts in columns; a title may have a second line, in which the numbers then stand."""
    head, _, last = texts[0].rpartition("\n")
    filled = [last.ljust(COLUMNS[0][1])]
    filled += [text.rjust(width) for text, (_, width) in zip(texts[1:], COLUMNS[1:])]
    return (f"{head}\n" if head else "") + "  ".join(filled) + "  "
