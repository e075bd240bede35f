"""`list`: the labs, their parts and points, and the last mark of each."""

from __future__ import annotations

import argparse
import sys

from grader import history, paths
from grader.manifest import Lab, ManifestError, all_labs
from grader.report.look import Look, look_at, number
from grader.report.concepts import show_concepts
from grader.result import Grade
from grader.score import FULL, NOT_GRADABLE, subtotal
from grader.verbs.grade import complain

COLUMNS = (13, 35, 8)  # of id, title and points; the last mark has the rest


def run(args: argparse.Namespace) -> int:
    """Print the table; return 0, or 3 when a manifest cannot be used."""
    try:
        labs = all_labs(paths.ROOT)
    except ManifestError as error:
        return complain(str(error), NOT_GRADABLE)
    look = look_at(sys.stdout)
    if args.concepts:
        show_concepts(look, labs)
        return FULL
    _row(look, ("lab", "", "points", "last mark"), "bright_black")
    for lab in labs:
        show(look, lab, history.last_grade(lab.id))
    look.line()
    look.line(("make grade LAB=<lab>", "cyan"), (" grades labs/<lab>.", ""))
    return FULL


def show(look: Look, lab: Lab, last: Grade | None) -> None:
    """Print the rows of a lab: itself, then each of its parts."""
    fresh = last if last and last.lab_version == lab.version else None
    _row(look, (lab.id, lab.title, number(lab.points), _mark(lab, last)), "bold")
    for part in lab.parts:
        sums = subtotal(fresh.checks, part.id) if fresh else None
        mark = f"{number(sums.score)}" if sums and sums.checks else ""
        _row(look, (f"  {part.id}", part.title, number(part.points), mark), "")


def _mark(lab: Lab, last: Grade | None) -> str:
    """Return the last mark in words: points, what is held, the day, and whose it is."""
    if last is None:
        return "not graded yet"
    told = [
        number(last.score),
        f"({number(last.held)} held)" if last.held else "",
        last.started[:10],
    ]
    if last.lab_version != lab.version:
        told.append("older version")
    if last.submission != f"labs/{lab.id}":
        told.append(last.submission)
    return " ".join(filter(None, told))


def _row(look: Look, cells: tuple[str, str, str, str], style: str) -> None:
    id, title, points = (look.one_line(cell, width - 1) for cell, width in zip(cells, COLUMNS))
    id = " " * (len(cells[0]) - len(cells[0].lstrip())) + id
    head = f"{id:<{COLUMNS[0]}}{title:<{COLUMNS[1]}}{points:>{COLUMNS[2] - 2}}  "
    look.line((head, style), (look.one_line(cells[3], look.width - sum(COLUMNS)), "green"))
