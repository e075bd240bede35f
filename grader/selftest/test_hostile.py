"""Hostile submissions, each as a batch grades it: in the sandbox, and in a container where there is one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from grader.batch import work
from grader.batch.work import Place
from grader.selftest.hostile import Case, cases, task

EVERY = cases()


@pytest.fixture(name="bare", scope="module")
def _bare() -> Iterator[Place]:
    """This machine without containers."""
    place = work.settle(False, "selftest")
    yield place
    work.clear(place)


def judged(place: Place, case: Case) -> None:
    grade = work.attempt(place, task(str(case), case.files, case.check))
    found = case.complaints(grade)
    assert not found, "\n".join(found)


@pytest.mark.lab("epoll")
@pytest.mark.parametrize("case", EVERY, ids=str)
def test_in_the_sandbox(bare: Place, case: Case) -> None:
    judged(bare, case)
