"""A program that takes the -1 of a failed fork for a child, and kills it: nobody outside its sandbox feels it."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import Any, Callable

import pytest

from grader import paths, proof
from grader.manifest import load_lab
from grader.result import CheckResult, Verdict
from grader.sandbox import FULL
from grader.selftest import rooms
from grader.session import Options, grade
from grader.submission import collect

MUTANT = "22-fork-unchecked"


def judged_beside_a_neighbour() -> tuple[CheckResult, int | None]:
    """Grade it beside a process of the same user; return the verdict, and how the neighbour has ended."""
    lab = load_lab(paths.ROOT, "processes")
    subject = next(each for each in proof.subjects(lab) if each.name == MUTANT)
    neighbour = subprocess.Popen(["sleep", "120"])  # pylint: disable=consider-using-with
    with tempfile.TemporaryDirectory() as folder:
        submission = collect(lab, proof.lay_out(lab, subject, Path(folder)), "project")
        result = grade(lab, submission, Options(("fault.sweep",), 1), lambda event: None)
    ended = neighbour.poll()
    neighbour.kill()
    neighbour.wait()
    return result.checks[0], ended


@pytest.mark.lab("processes")
def test_nobody_outside_is_hurt(unprivileged: Callable[[Callable[[], Any]], Any]) -> None:
    rooms.need(FULL)
    found, ended = unprivileged(judged_beside_a_neighbour)
    assert found.verdict is Verdict.FAIL
    assert "every process" in found.observed
    assert ended is None
