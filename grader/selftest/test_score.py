"""Points follow from verdicts, whatever a result claims for itself."""

from __future__ import annotations

import pytest

from grader.result import Grade, Verdict
from grader.score import exit_status, subtotal, subtotals, total
from grader.selftest.samples import failure, grade, result


def test_points_by_verdict() -> None:
    whole = subtotal(grade().checks)
    assert (whole.score, whole.max_score, whole.held) == (5, 25, 5)
    assert (whole.passed, whole.checks) == (1, 5)


@pytest.mark.parametrize("verdict", [Verdict.TAMPERED, Verdict.SKIPPED])
def test_a_claim_earns_nothing(verdict: Verdict) -> None:
    assert subtotal([result(verdict=verdict, points=5.0)]).score == 0


@pytest.mark.parametrize(("claimed", "earned"), [(99.0, 5), (-3.0, 0), (2.5, 2.5)])
def test_a_share_stays_within_its_points(claimed: float, earned: float) -> None:
    assert subtotal([failure(points=claimed)]).score == earned


def test_parts_in_their_order() -> None:
    parts = subtotals(grade().checks)
    assert [(part.part, part.max_score, part.checks) for part in parts] == [
        ("project", 20, 4),
        ("io", 5, 1),
    ]
    assert subtotals([]) == []


def test_thirds_add_up() -> None:
    thirds = [result(points=100 / 3, max_points=100 / 3) for _ in range(3)]
    assert subtotal(thirds).score == 100


def test_total_fills_in_the_sums_only() -> None:
    blank = grade(score=1000.0, held=1.0)
    assert (blank.score, blank.max_score, blank.held) == (5, 25, 5)
    assert total(blank) == blank


HELD = result("held", Verdict.INCONCLUSIVE)


@pytest.mark.parametrize(
    ("graded", "status"),
    [
        (grade(result()), 0),
        (grade(result(), failure()), 1),
        (grade(result(), failure(points=4.99)), 1),
        (grade(result(), HELD), 3),
        (grade(failure(), HELD), 1),
        (grade(result("t", Verdict.TAMPERED)), 1),
        (Grade("l", "1", "s", "rejected", 0, "", "", "", 0.0), 1),
        (Grade("l", "1", "s", "ungraded", 0, "", "", "", 0.0), 3),
        (Grade("l", "1", "s", "graded", 0, "", "", "", 0.0), 3),
    ],
)
def test_exit_status(graded: Grade, status: int) -> None:
    assert exit_status(graded) == status


def test_an_inconclusive_check_keeps_what_it_has_earned() -> None:
    sums = subtotal([result(verdict=Verdict.INCONCLUSIVE, points=2.0)])
    assert (sums.score, sums.held) == (2.0, 3.0)
