"""Hostile submissions, each as a batch grades it: in the sandbox, and in a container where there is one."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from grader import privilege
from grader.batch import work
from grader.batch.crew import local
from grader.batch.work import Place
from grader.result import Verdict
from grader.selftest.hostile import HONEST, Case, cases, reference, task

EVERY = cases()
WORST = ("fork_bomb_then_work", "kill_all", "daemon_stays", "disk", "squats_ports", "shared_memory")


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


@pytest.mark.lab("epoll")
def test_the_project_does_not_see_how_drills_are_tested(bare: Place) -> None:
    """Check `speed` runs alone, after the tests of a drill have been linked."""
    (spy,) = (case for case in EVERY if case.name == "looks_around")
    checks = ("net.nonblocking", "net.connect", "speed")
    grade = work.attempt(bare, task(str(spy), spy.files, *checks))
    assert {check.id: check.verdict for check in grade.checks} == dict.fromkeys(
        checks, Verdict.PASS
    )


@pytest.mark.alone
@pytest.mark.lab("epoll")
def test_honest_work_beside_hostile_work_gets_its_marks() -> None:
    """Bombs and honest submissions side by side: these lose nothing, and nothing is left of those."""
    worst = [case for case in EVERY if case.name in WORST]
    files = {str(case): case.files for case in worst}
    files |= {f"honest-{number}": reference() for number in range(len(worst))}
    before = strangers()
    with local("epoll", 2, False, "selftest") as crew:
        tasks = [
            task(label, files[label], *HONEST) for label in sorted(files, key=lambda x: x[-3:])
        ]
        grades = [future.result() for future in list(map(crew.submit, tasks))]
    honest = [grade for grade in grades if grade.submission.startswith("honest")]
    assert len(honest) == len(WORST) and {grade.score for grade in honest} == {4}
    assert strangers() <= before


def strangers() -> set[str]:
    """Processes of users that only gradings have."""
    found = set()
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            if privilege.FIRST <= os.stat(f"/proc/{name}").st_uid <= privilege.LAST:
                found.add(name)
        except FileNotFoundError:
            continue
    return found
