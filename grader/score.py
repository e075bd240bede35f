"""From the results of checks to points, and from points to an exit status."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import fsum

from grader.result import CheckResult, Grade, Verdict

FULL, MISSING, WRONG_USE, NOT_GRADABLE = 0, 1, 2, 3  # exit statuses

_EARNING = (Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE)


@dataclass(frozen=True)
class Subtotal:
    """What some checks add up to: those of a part ("" for all)."""

    part: str
    score: float
    max_score: float
    held: float  # points of inconclusive checks, neither earned nor lost
    passed: int
    checks: int


def earned(result: CheckResult) -> float:
    """Return the points that a result earns, 0 to max_points, whatever the result itself claims."""
    if result.verdict not in _EARNING:
        return 0.0
    return min(max(result.points, 0.0), result.max_points)


def held(result: CheckResult) -> float:
    """Return the points that nobody can judge yet."""
    if result.verdict is not Verdict.INCONCLUSIVE:
        return 0.0
    return result.max_points - earned(result)


def subtotal(results: Iterable[CheckResult], part: str = "") -> Subtotal:
    """Add up the results of one part, or of all."""
    chosen = [result for result in results if part in ("", result.part)]
    return Subtotal(
        part=part,
        score=_sum(map(earned, chosen)),
        max_score=_sum(result.max_points for result in chosen),
        held=_sum(map(held, chosen)),
        passed=sum(result.verdict is Verdict.PASS for result in chosen),
        checks=len(chosen),
    )


def subtotals(results: Iterable[CheckResult]) -> list[Subtotal]:
    """Add up each part, in the order in which the parts first appear."""
    chosen = list(results)
    return [subtotal(chosen, part) for part in dict.fromkeys(result.part for result in chosen)]


def total(grade: Grade) -> Grade:
    """Return the grade with score, max_score and held added up from its checks."""
    whole = subtotal(grade.checks)
    return replace(grade, score=whole.score, max_score=whole.max_score, held=whole.held)


def exit_status(grade: Grade) -> int:
    """Return 0 for full marks, 1 if marks are missing, 3 if only held points or no grading stand
    in the way."""
    if grade.status == "rejected":
        return MISSING
    if grade.status != "graded" or not grade.checks:
        return NOT_GRADABLE
    if grade.score + grade.held < grade.max_score - 1e-6:
        return MISSING
    return NOT_GRADABLE if grade.held else FULL


def _sum(points: Iterable[float]) -> float:
    return round(fsum(points), 2)
