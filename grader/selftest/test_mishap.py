"""A tracer that dies takes the program along: then the check is made again, and only then."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from grader.mishap import TRIES, without_mishap
from grader.outcome import Failed
from grader.process import TRACER_DIED
from grader.sandbox import Room, Sandbox

DIES = f"""\
"$@"
echo "{TRACER_DIED}: No such process" >&2
exit 1
"""


class Runs:
    """Makes runs, and counts them; the tracers of the first so many die."""

    def __init__(self, unlucky: int):
        self.unlucky, self.made = unlucky, 0

    def __call__(self) -> Any:
        self.made += 1
        return SimpleNamespace(mishaps=["strace: walk"] if self.made <= self.unlucky else [])


def judged(run: Any) -> int:
    if run.mishaps:
        raise Failed("killed by SIGKILL", expected="exit status 0")
    return 7


@pytest.mark.parametrize("unlucky", range(TRIES))
def test_a_check_is_made_again_while_tracers_die(unlucky: int) -> None:
    runs = Runs(unlucky)
    assert without_mishap(runs, judged) == 7 and runs.made == unlucky + 1


def test_the_last_try_counts() -> None:
    runs = Runs(100)
    with pytest.raises(Failed, match="SIGKILL"):
        without_mishap(runs, judged)
    assert runs.made == TRIES


def test_a_failure_without_a_mishap_is_final() -> None:
    def fails(run: Any) -> None:
        raise Failed("wrong", expected="right")

    runs = Runs(0)
    with pytest.raises(Failed, match="wrong"):
        without_mishap(runs, fails)
    assert runs.made == 1


@pytest.mark.parametrize(
    "script, count", [(DIES, 1), ('"$@"; exit 1', 0), (DIES.replace("exit 1", "exit 0"), 0)]
)
def test_a_sandbox_tells_which_tracers_have_died(script: str, count: int) -> None:
    mishaps: list[str] = []
    with Sandbox(Room(), mishaps=mishaps) as box:
        box.start(["/bin/true"], wrap=["/bin/sh", "-c", script, "sh"]).wait(10.0)
    assert len(mishaps) == count
