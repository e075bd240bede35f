"""bench: what alternating rounds say about a target, and how rows are found and shown."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from typing import Any, Iterator

import pytest

from bench import table
from bench.row import Contest, Missing, Row, rows
from bench.rounds import LEAST_ROUNDS, Result, Target, Verdict
from bench.rounds import alternate, as_fast, at_least, at_most, below, judge, spread
from grader import paths

NINE = LEAST_ROUNDS
Pair = tuple[float, float]


def verdict(ours: float, theirs: float, target: Target, rounds: int = NINE) -> Verdict:
    return judge([(ours, theirs)] * rounds, target, peer=True).verdict


# -- rounds ------------------------------------------------------------------------------------


def test_both_sides_take_turns_and_the_first_round_does_not_count() -> None:
    calls: list[str] = []

    def side(name: str) -> float:
        calls.append(name)
        return float(len(calls))

    pairs = alternate(lambda: side("ours"), lambda: side("theirs"), 2)
    assert calls == ["ours", "theirs", "theirs", "ours", "ours", "theirs"]
    assert pairs == [(4.0, 3.0), (5.0, 6.0)]


def test_without_a_peer_ours_is_measured_alone() -> None:
    assert alternate(lambda: 7.0, None, 3) == [(7.0, 0.0)] * 3


def test_a_long_row_is_measured_once() -> None:
    calls: list[int] = []
    assert alternate(lambda: calls.append(1) or 1.0, None, 1, warm=False) == [(1.0, 0.0)]
    assert calls == [1]


@pytest.mark.parametrize(
    ("target", "met", "near", "missed"),
    [
        (at_least(2.0), (2.0, 1.0), (1.71, 1.0), (1.69, 1.0)),
        (at_most(2.0), (2.0, 1.0), (2.35, 1.0), (2.36, 1.0)),
        (as_fast(2.0), (1.0, 2.0), (1.0, 1.71), (1.0, 1.69)),
        (below(2.0), (2.0, 99.0), (2.35, 99.0), (2.36, 99.0)),
    ],
)
def test_a_target_is_met_or_nearly_or_missed(
    target: Target, met: Pair, near: Pair, missed: Pair
) -> None:
    assert verdict(*met, target) is Verdict.MET
    assert verdict(*near, target) is Verdict.NEAR
    assert verdict(*missed, target) is Verdict.MISSED


def test_the_ratio_is_that_of_each_round() -> None:
    """A machine that becomes ten times slower halfway changes nothing, but the peer has spread."""
    pairs = [(2.0, 1.0)] * 5 + [(20.0, 10.0)] * 4
    result = judge(pairs, at_most(2.0), peer=True)
    assert result.score == 2.0
    assert result.verdict is Verdict.INCONCLUSIVE


def test_few_rounds_decide_nothing() -> None:
    assert verdict(1.0, 1.0, at_most(2.0), rounds=NINE - 1) is Verdict.INCONCLUSIVE


def test_one_round_decides_where_a_number_is_clearly_small_enough() -> None:
    """A busy machine makes nothing faster; what is too slow once may be the machine's fault."""
    assert judge([(1.0, 0.0)], below(2.0), peer=False).verdict is Verdict.MET
    assert judge([(1.9, 0.0)], below(2.0), peer=False).verdict is Verdict.INCONCLUSIVE
    assert judge([(3.0, 0.0)], below(2.0), peer=False).verdict is Verdict.INCONCLUSIVE
    assert judge([(3.0, 0.0)] * NINE, below(2.0), peer=False).verdict is Verdict.MISSED


def test_without_a_target_there_is_no_verdict() -> None:
    assert judge([(1.0, 1.0)], None, peer=True).verdict is Verdict.NONE


def test_spread_leaves_out_one_outlier_on_each_side() -> None:
    assert spread([1.0, 10.0, 10.0, 10.0, 11.0, 12.0, 90.0]) == pytest.approx(0.2)
    assert spread([8.0, 10.0, 12.0]) == pytest.approx(0.4)
    assert spread([0.0, 0.0]) == 0.0


# -- rows and table ----------------------------------------------------------------------------


def row(contest: Any, target: Target | None = at_most(1.5)) -> Row:
    return Row("epoll", "echo", "somebody", "s", target, contest)


def test_a_row_that_lacks_something_is_told_and_not_an_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    @contextmanager
    def lacking(_: Any) -> Iterator[Contest]:
        raise Missing("no libevent here")
        yield

    @contextmanager
    def equal(_: Any) -> Iterator[Contest]:
        yield Contest(lambda: 1.0, lambda: 1.0)

    table.fill(None, [row(lacking), row(equal)], NINE)  # type: ignore[arg-type]
    text = capsys.readouterr().out
    assert "skipped: no libevent here" in text
    assert "met" in text.splitlines()[-1]


@pytest.mark.parametrize(
    ("number", "text"),
    [(0.123456, "0.123"), (14.26, "14.3"), (999.6, "1,000"), (12345.6, "12,346")],
)
def test_numbers_are_short(number: float, text: str) -> None:
    assert table.digits(number) == text


def test_a_row_shows_both_sides_ratio_and_bound() -> None:
    result = Result(3.0, 2.0, 1.5, 0.05, NINE, Verdict.MET)
    cells = table.numbers(row(None), result)
    assert cells[1:] == ["3", "2", "1.50", "≤ 1.5 ×", "5%"]


def test_every_lab_has_rows_and_a_new_one_needs_no_list() -> None:
    assert {each.name for each in rows("files")} >= {"make grade, reference", "drill vector"}
    assert any(each.peer == "strace -f -o" for each in rows("syscalls"))


@pytest.mark.parametrize("words", [["--lab", "nonsense"], ["--only", "nonsense"], ["--nonsense"]])
def test_wrong_use_is_told(words: list[str]) -> None:
    argv = [sys.executable, "-m", "bench", *words]
    done = subprocess.run(argv, cwd=paths.ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "nonsense" in done.stderr
