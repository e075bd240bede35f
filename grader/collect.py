"""Which function proves which check: Python functions marked @check, and the Criterion tests of drills."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, Callable, Iterable

from grader.criterion import judge_test
from grader.criterion_report import MACHINE_TEST, sentences
from grader.drill_questions import QUESTIONS
from grader.manifest import Lab, ManifestError, covered
from grader.near import unknown
from grader.run import Run
from grader.toml_lines import read_toml
from grader.unit_tests import tests_file

Function = Callable[..., Any]


class Unmarked(ValueError):
    """A test function without an id."""


def functions_of(lab: Lab, found: Iterable[tuple[Function, str]]) -> dict[str, Function]:
    """Return the function of every check by id.

    found: the functions of test_*.py, each with its place "file:line". Raises Unmarked, and ManifestError
    when functions and lab.toml disagree.
    """
    claims = [_claim(function, place) for function, place in found]
    units = unit_files(lab)
    tests = {id: (unit, tried) for unit in units for id, tried in sentences(unit).items()}
    claims += [(id, f"{unit.name}: {id}", _judging(tried)) for id, (unit, tried) in tests.items()]
    covered(lab, [id for id, _, _ in claims], [place for _, place, _ in claims])
    _unit_rules(lab, units, set(tests))
    return {id: function for id, _, function in claims}


def unit_files(lab: Lab) -> list[Path]:
    """Return the Criterion tests of a lab's drills."""
    files = (tests_file(lab, part) for part in lab.parts)
    return [path for path in files if path.exists()]


def _claim(function: Function, place: str) -> tuple[str, str, Function]:
    check_id = getattr(function, "check_id", None)
    if check_id is None:
        raise Unmarked(f"{place}: a check without an id, see grader/outcome.py")
    return check_id, place, function


def _judging(tried: str) -> Function:
    function = partial(_judge)
    function.__doc__ = tried
    return function


def _judge(run: Run) -> None:
    judge_test(run)


def _unit_rules(lab: Lab, units: list[Path], tests: set[str]) -> None:
    """Raise ManifestError for a key of a check that its test cannot answer, or a unit without `machine`."""
    toml = read_toml(lab.folder / "lab.toml", f"labs/{lab.id}/lab.toml")
    for unit in units:
        suite = unit.stem.removeprefix("unit_")
        if f"Test({suite}, {MACHINE_TEST})" not in unit.read_text("utf-8"):
            raise ManifestError(f"{unit.name}:1: no Test({suite}, {MACHINE_TEST}), see unit.h")
    for number, check in enumerate(lab.checks):
        place = ("check", number)
        for name in check.trace:
            if name not in QUESTIONS:
                raise toml.error((*place, "trace"), unknown("question", name, list(QUESTIONS)))
        if (check.id in tests) != bool(check.assertions):
            what = "is the number of CHECKs that a pass of its Criterion test executes"
            raise toml.error((*place, "assertions"), f"assertions {what}: 1 or more, or none")
        if check.trace and check.id not in tests:
            raise toml.error((*place, "trace"), "trace is for checks with a Criterion test")
