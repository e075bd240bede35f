"""The report of a class, its table of grades, and what harm texts in them may not do."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest

from grader.batch import grades
from grader.batch.flow import Entry, Outcome
from grader.batch.roster import Handed
from grader.manifest import load_lab
from grader.paths import ROOT
from grader.report import class_summary
from grader.report.class_progress import ClassProgress
from grader.report.look import look_at
from grader.result import CheckResult, Grade, Verdict
from grader.score import total

LAB = load_lab(ROOT, "epoll")
EVIL = "\x1b[2J\x1b]0;owned\x07<script>[red]=1\u202e"


def grade(label: str, points: float = 0, status: str = "graded", note: str = "") -> Grade:
    verdict = Verdict.PASS if points == 8 else Verdict.TAMPERED if points == 0 else Verdict.FAIL
    check = CheckResult("net.connect", "net", "Connects", verdict, "", points, 8)
    found = Grade("epoll", "1", label, status, 7, "full", "", "", 1.0, checks=(check,))
    if status != "graded":
        found = replace(found, checks=())
    return replace(total(found), notes=(note,) if note else ())


CLASS = [
    grade("ann", 8),
    grade("bob", 4),
    grade("=cmd|' /C calc'!A1", 0, note=f"=2+3 {EVIL}"),
    grade("dora", status="rejected", note=EVIL),
    grade("eve", status="ungraded", note="OSError: no space"),
]


def screen(show: object) -> str:
    stream = io.StringIO()
    show(look_at(stream, 80))  # type: ignore[operator]
    return stream.getvalue()


def harmless(text: str) -> bool:
    return all(char.isprintable() or char == "\n" for char in text)


def test_summary() -> None:
    text = screen(lambda look: class_summary.show(look, CLASS))
    for said in ("5 submissions: 3 graded, 1 rejected, 1 ungraded", "median 50%", "net.connect"):
        assert said in text
    assert "tampered: to be looked at by a human (1)" in text and "no space" in text
    assert harmless(text) and max(map(len, text.splitlines())) <= 80


def test_summary_of_nobody() -> None:
    assert "0 submissions: none" in screen(lambda look: class_summary.show(look, []))


def test_changes() -> None:
    pairs = [(CLASS[0], CLASS[0]), (CLASS[1], replace(CLASS[1], score=6)), (None, CLASS[3])]
    text = screen(lambda look: class_summary.show_changes(look, pairs))
    assert "4/8 → 6/8" in text and "no mark → rejected" in text and "2 of 3 marks" in text


def test_progress_in_a_pipe() -> None:
    stream = io.StringIO()
    with ClassProgress(look_at(stream, 80), len(CLASS)) as progress:
        for each in CLASS:
            progress.started(each.submission)
        progress.fault("eve", f"the worker died {EVIL}", 1)
        for each in CLASS:
            entry = Entry(Handed(each.submission, Path()), "key", None)
            progress.ended(Outcome(entry, each))
    text = stream.getvalue()
    assert (
        harmless(text)
        and "8/8" in text
        and "attempt 1 of 3" in text
        and "ungraded: OSError" in text
    )


def test_a_spreadsheet_computes_nothing(tmp_path: Path) -> None:
    grades.write(LAB, CLASS, tmp_path / "grades.csv")
    with (tmp_path / "grades.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert not [cell for row in rows for cell in row.values() if cell.startswith(grades.FORMULA)]
    assert [row["score"] for row in rows] == ["8", "4", "0", "0", ""]
    assert rows[2]["submission"].startswith("'=cmd") and rows[2]["tampered"] == "net.connect"
    assert rows[0]["net"] == "8" and rows[0]["project"] == ""


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@a", "\t=1", "\r=1"])
def test_formulas(text: str) -> None:
    assert grades.cell(text) == f"'{text}"
    assert grades.cell(f"a{text}") == f"a{text}"
