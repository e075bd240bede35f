"""Limits of waiting: how slow the machine is, and how many want it at this moment."""

from __future__ import annotations

import pytest

from grader.calibrate import SLOWEST, crowd, crowding, slowness


@pytest.mark.parametrize(
    "loadavg, processors, times",
    [
        ("0.10 0.20 9.99 1/200 4711", 2, 1.0),
        ("6.00 1.00 1.00 5/200 4711", 2, 1.0),  # a grading, and one loop for each processor
        ("12.00 1.00 1.00 5/200 4711", 2, 4.0),
        ("1.00 1.00 1.00 12/200 4711", 2, 4.0),  # all of a sudden
        ("12.00 1.00 1.00 5/200 4711", 8, 1.0),
        ("400.00 1.00 1.00 5/999 4711", 2, SLOWEST),
    ],
)
def test_the_more_want_to_run_the_longer_is_waited(
    loadavg: str, processors: int, times: float
) -> None:
    assert crowd(loadavg, processors) == times


def test_of_this_machine() -> None:
    assert 1.0 <= crowding() <= SLOWEST and 1.0 <= slowness() <= SLOWEST
