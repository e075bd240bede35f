"""A batch waits for those who grade, and says so when nobody is left."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from grader.batch import flow
from grader.batch.crew import Crew, NoCrew
from grader.result import Grade


def crew(*manned: bool) -> Crew:
    """A crew that is there, or not, look by look."""
    looks = list(manned)
    return Crew(lambda task: Future(), 1, "a grader", "nowhere", lambda: looks.pop(0))


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "LOOK", 0.001)


def test_a_crew_that_has_gone_ends_the_batch() -> None:
    never: Future[Grade] = Future()
    with pytest.raises(NoCrew, match="the same command goes on"):
        flow._first([never], crew(True, False, False, True, False, False, False))


def test_workers_that_come_back_are_waited_for() -> None:
    later: Future[Any] = Future()
    looks = [False, False, True]

    def manned() -> bool:
        if not looks:
            later.set_result(None)
            return True
        return looks.pop(0)

    hands = Crew(lambda task: later, 1, "a grader", str(Path()), manned)
    assert set(flow._first([later], hands)) == {later}
