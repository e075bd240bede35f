"""grades.csv: a line a submission, safe to be opened with a spreadsheet."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from grader.manifest import Lab
from grader.report.json_file import write_text
from grader.report.look import number
from grader.result import Grade, Verdict
from grader.score import subtotals

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet takes for a formula begins so


def cell(text: str) -> str:
    """Return text that a spreadsheet shows and does not compute."""
    return f"'{text}" if text.startswith(FORMULA) else text


def write(lab: Lab, grades: list[Grade], path: Path) -> None:
    """Write the table. Raises OSError."""
    parts = [part.id for part in lab.parts]
    table = io.StringIO()
    rows = csv.writer(table, lineterminator="\n")
    head = ["submission", "status", "score", "max_score", "held", "tampered", *parts, "note"]
    rows.writerow(head)
    for grade in grades:
        rows.writerow([cell(each) for each in _row(grade, parts)])
    write_text(table.getvalue(), path)


def _row(grade: Grade, parts: list[str]) -> list[str]:
    """What nobody has graded has no score, which is not the same as zero."""
    graded = grade.status == "graded"
    points = {each.part: number(each.score) for each in subtotals(grade.checks)}
    score = [number(grade.score), number(grade.max_score), number(grade.held)]
    tampered = [check.id for check in grade.checks if check.verdict is Verdict.TAMPERED]
    if not graded:
        score = ["0" if grade.status == "rejected" else "", "", ""]
    note = " ".join("; ".join(grade.notes).split())
    return [
        *(grade.submission, grade.status, *score, " ".join(tampered)),
        *(points.get(part, "") for part in parts),
        note,
    ]
