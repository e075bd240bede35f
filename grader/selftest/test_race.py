"""The race programs of drills: what is made of a report, and of a line."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from grader import race
from grader.outcome import Failed, Tampered

TSAN = """\
==================
WARNING: ThreadSanitizer: data race (pid=7)
  Write of size 8 at 0x1 by thread T2:
    #0 add queue.c:31 (race_queue+0x1)
    #1 work race_queue.c:12 (race_queue+0x2)
==================
"""


def run_of(*files: str) -> Any:
    """As much of a Run as an exhibit needs."""
    return SimpleNamespace(part=SimpleNamespace(files=files), job=SimpleNamespace(display="mine"))


def test_a_report_is_found_and_names_the_line_of_the_student() -> None:
    found = race.REPORT.search(f"noise\n{TSAN}")
    assert found and found["what"].strip() == "data race"
    exhibit = race._exhibit(run_of("queue.c"), found.group())
    assert (exhibit.file, exhibit.line) == ("mine/queue.c", 31)


def test_a_report_about_other_files_blames_no_line() -> None:
    exhibit = race._exhibit(run_of("other.c"), TSAN)
    assert (exhibit.file, exhibit.line) == ("", 0)


def test_the_right_line_is_no_failure() -> None:
    race._judge(race.Race("sum 3", "", hung=False), "sum 3", "now")


@pytest.mark.parametrize(
    "seen, says",
    [
        (race.Race("sum 2", "", False, "exit status 0"), "sum 2"),
        (race.Race("", "", False, "killed by SIGSEGV"), "nothing .killed by SIGSEGV"),
        (race.Race("", "", hung=True), "sleeps for ever"),
    ],
)
def test_a_wrong_line_a_death_and_a_hang_are_failures(seen: race.Race, says: str) -> None:
    with pytest.raises(Failed, match=says):
        race._judge(seen, "sum 3", "now")


def test_more_lines_than_the_test_prints_are_tampering() -> None:
    with pytest.raises(Tampered):
        race._judge(race.Race("sum 3\nsum 3", "", hung=False), "sum 3", "now")
