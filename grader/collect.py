"""Which function proves which check: Python functions marked @check, and the Criterion tests of drills."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, Callable, Iterable

from grader import paths
from grader.criterion import judge_test, sentences
from grader.manifest import Lab, covered
from grader.run import Run

Function = Callable[..., Any]


class Unmarked(ValueError):
    """A test function without an id."""


def functions_of(lab: Lab, found: Iterable[tuple[Function, str]]) -> dict[str, Function]:
    """Return the function of every check by id.

    found: the functions of test_*.py, each with its place "file:line". Raises Unmarked, and ManifestError
    when functions and lab.toml disagree.
    """
    claims = [_claim(function, place) for function, place in found]
    claims += [claim for unit in unit_files(lab) for claim in _unit_claims(unit)]
    covered(lab, [id for id, _, _ in claims], [place for _, place, _ in claims])
    return {id: function for id, _, function in claims}


def unit_files(lab: Lab) -> list[Path]:
    """Return the Criterion tests of a lab's drills."""
    files = (paths.CHECKS / lab.id / f"unit_{part.id}.c" for part in lab.parts)
    return [path for path in files if path.exists()]


def _claim(function: Function, place: str) -> tuple[str, str, Function]:
    check_id = getattr(function, "check_id", None)
    if check_id is None:
        raise Unmarked(f"{place}: a check without an id, see grader/outcome.py")
    return check_id, place, function


def _unit_claims(unit: Path) -> Iterable[tuple[str, str, Function]]:
    for check_id, sentence in sentences(unit).items():
        function = partial(_judge)
        function.__doc__ = sentence
        yield check_id, f"{unit.name}: {check_id}", function


def _judge(run: Run) -> None:
    judge_test(run)
