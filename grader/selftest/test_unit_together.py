"""All tests of a drill in one run: who passes there has passed, whoever does not runs again alone."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from grader import paths, unit_tests, unit_together
from grader.criterion_report import Report, bodies
from grader.job import Job
from grader.manifest import Lab, all_labs, load_lab
from grader.outcome import Failed
from grader.process import NotStarted
from grader.run import Run
from grader.unit_run import UnitTest
from grader.unit_together import passed_together, unit_test

LAB = load_lab(paths.ROOT, "epoll")
LINES = bodies(unit_tests.tests_file(LAB, LAB.part("net")))
NAMES = sorted(check.id.partition(".")[2] for check in LAB.checks if check.part == "net")


class Runner:
    """Takes the place of a real run: all tests pass, but those in `failing` and `meddling`."""

    def __init__(self) -> None:
        self.runs: list[list[str]] = []
        self.failing: set[str] = set()
        self.meddling: set[str] = set()
        self.marks: dict[str, int] = {}  # the line of one mark that a test leaves
        self.started = True
        self.ending = "exit status 0"

    def perform_all(self, _: UnitTest, tests: list[UnitTest], __: float) -> list[Any]:
        """As unit_run.perform_all."""
        self.runs.append([test.name for test in tests])
        if not self.started:
            raise NotStarted("the machine is full")
        return [self._seen(test) for test in tests]

    def _seen(self, test: UnitTest) -> Any:
        status = "FAILED" if test.name in self.failing else "PASSED"
        marks = [SimpleNamespace(line=self.marks.get(test.name, LINES[test.name].start))]
        trick = ("kills the runner", None) if test.name in self.meddling else None
        return _Seen(test, Report(status, 1, ()), marks, trick, self.ending)


class _Seen(SimpleNamespace):
    """What of a Performance is looked at here."""

    def __init__(self, test: UnitTest, report: Report, marks: Any, trick: Any, ending: str):
        witness, watch = SimpleNamespace(marks=marks), SimpleNamespace(first=trick)
        super().__init__(test=test, report=report, witness=witness, watch=watch, ending=ending)


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> Runner:
    """In place of sandbox, tracer and Criterion."""
    made = Runner()
    monkeypatch.setattr(unit_together, "perform_all", made.perform_all)
    monkeypatch.setattr(unit_together, "conclude", _conclude)
    monkeypatch.setattr(unit_together, "_as_if_alone", _as_if_alone)
    return made


def _as_if_alone(seen: Any) -> Any:
    return _Seen(seen.test, seen.report, seen.witness.marks, seen.watch.first, "exit status 0")


def _conclude(seen: Any) -> None:
    if seen.ending != "exit status 0":
        raise Failed(f"the runner: {seen.ending}")


def passing(place: Path, *checks: str, under: str = "") -> list[str]:
    """Ask for every test of drill `net`, as its checks do; return the names of those that have passed."""
    job = Job("epoll", str(place), str(place), "x", 7, checks, jobs=2, under=under)
    wanted = [check for check in LAB.checks if check.part == "net"]
    runs = [
        Run(job, LAB, check, "full", 1.0) for check in wanted if not checks or check.id in checks
    ]
    tests = [unit_test(run, run.check, place / "unit_net", "plain") for run in runs]
    return sorted(test.name for test in tests if passed_together(test))


def test_all_run_once(runner: Runner, tmp_path: Path) -> None:
    assert passing(tmp_path) == NAMES
    assert passing(tmp_path) == NAMES
    assert [sorted(names) for names in runner.runs] == [NAMES]


def test_only_those_that_pass_have_passed(runner: Runner, tmp_path: Path) -> None:
    runner.failing, runner.ending = {"connect", "errors"}, "exit status 1"
    assert passing(tmp_path) == sorted({*NAMES} - {"connect", "errors"})
    assert len(runner.runs) == 1


def test_a_runner_that_ends_in_another_way_is_not_believed(runner: Runner, tmp_path: Path) -> None:
    """No test has failed, and its exit status says that one has."""
    runner.ending = "exit status 1"
    assert passing(tmp_path) == []


def test_one_that_meddles_spoils_the_run_for_all(runner: Runner, tmp_path: Path) -> None:
    runner.meddling = {"errors"}
    assert passing(tmp_path) == []


def test_tests_that_are_taken_for_each_other_spoil_it(runner: Runner, tmp_path: Path) -> None:
    runner.marks = {"errors": LINES["connect"].start}
    assert passing(tmp_path) == []


def test_marks_of_helpers_say_nothing(runner: Runner, tmp_path: Path) -> None:
    runner.marks = {"errors": 1}
    assert passing(tmp_path) == NAMES


def test_a_machine_that_cannot_start_it_costs_nothing(runner: Runner, tmp_path: Path) -> None:
    runner.started = False
    assert passing(tmp_path) == [] and len(runner.runs) == 1


def test_one_alone_is_run_alone(runner: Runner, tmp_path: Path) -> None:
    assert passing(tmp_path, "net.connect") == [] and runner.runs == []


def test_a_replay_is_run_alone(runner: Runner, tmp_path: Path) -> None:
    assert passing(tmp_path, under="gdb") == [] and runner.runs == []


def test_only_what_is_asked_for_runs(runner: Runner, tmp_path: Path) -> None:
    assert passing(tmp_path, "net.connect", "net.errors") == ["connect", "errors"]
    assert [sorted(names) for names in runner.runs] == [["connect", "errors"]]


@pytest.mark.parametrize("lab", all_labs(paths.ROOT), ids=lambda lab: lab.id)
def test_every_test_is_found_in_its_file(lab: Lab) -> None:
    """A check of Criterion's has a test with a body, however it is written."""
    for check in lab.checks:
        if check.assertions:
            file = unit_tests.tests_file(lab, lab.part(check.part))
            assert unit_together.name_of(check) in bodies(file)
