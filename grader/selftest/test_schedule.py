"""Checks side by side: what needs waits, what measures is alone, what is lost is told."""

from __future__ import annotations

import os
import select
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable

import pytest

from grader import schedule
from grader.limits import Limits
from grader.manifest import Check
from grader.schedule import Outcome, Scheduler

A = Check("a", "p", "t", 1.0, (), False, "w", ("q", "m", "s"), Limits(time=1.0), ("plain",))
Work = Callable[[Check, int], Outcome]


def make(name: str, *needs: str, alone: bool = False) -> Check:
    return replace(A, id=name, needs=needs, alone=alone)


def passed(check: Check, slot: int) -> Outcome:
    return {"id": check.id, "slot": slot}


def lost(check: Check, trouble: str, seconds: float) -> Outcome:
    assert seconds >= 0
    return {"id": check.id, "lost": trouble}


def never(*_: Any) -> None:
    return None


def run(
    checks: list[Check], work: Work = passed, skip: Any = never, jobs: int = 2, limit: float = 20
) -> tuple[list[Outcome], list[str]]:
    """Run checks; return their outcomes and a log of what started and ended, in order."""
    log: list[str] = []
    outcomes = []
    scheduler = Scheduler(work, lost, skip, jobs, lambda: limit)
    for outcome in scheduler.run(checks, lambda check: log.append(f"+{check.id}")):
        log.append(f"-{outcome['id']}")
        outcomes.append(outcome)
    return outcomes, log


def test_tests_of_a_drill_let_others_go_first_until_one_has_run() -> None:
    """The first of them runs all: the others would only wait."""
    drill = [replace(make(name), part="drill", assertions=3) for name in ("d1", "d2", "d3")]
    _, log = run([*drill, make("p1"), make("p2")], jobs=2)
    assert log[:2] == ["+d1", "+p1"]
    assert log.index("-d1") < log.index("+d2")


def test_tests_of_a_drill_do_not_wait_when_there_is_nothing_else_to_do() -> None:
    drill = [replace(make(name), part="drill", assertions=3) for name in ("d1", "d2")]
    assert run(drill, jobs=2)[1][:2] == ["+d1", "+d2"]


def test_each_check_is_done_once_in_a_process_of_its_own() -> None:
    def work(check: Check, slot: int) -> Outcome:
        return {"id": check.id, "pid": os.getpid(), "parent": os.getppid()}

    outcomes, _ = run([make(name) for name in "abcde"], work)
    assert sorted(outcome["id"] for outcome in outcomes) == list("abcde")
    assert len({outcome["pid"] for outcome in outcomes} | {os.getpid()}) == 6
    assert {outcome["parent"] for outcome in outcomes} == {os.getpid()}


def test_what_is_needed_comes_first() -> None:
    checks = [make("c", "b"), make("b", "a"), make("a"), make("d", "a", "c")]
    _, log = run(checks)
    for later, earlier in (("c", "b"), ("b", "a"), ("d", "a"), ("d", "c")):
        assert log.index(f"-{earlier}") < log.index(f"+{later}")


def test_what_is_needed_but_not_asked_for_is_not_waited_for() -> None:
    outcomes, _ = run([make("b", "a")])
    assert [outcome["id"] for outcome in outcomes] == ["b"]


@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_never_more_than_jobs(jobs: int) -> None:
    _, log = run([make(name) for name in "abcdef"], jobs=jobs)
    assert most(log) <= jobs


def most(log: list[str]) -> int:
    """How many ran at once."""
    running = [sum(1 if entry[0] == "+" else -1 for entry in log[:end]) for end in range(len(log))]
    return max(running)


def test_checks_really_run_side_by_side() -> None:
    """Two checks wait for each other: one after the other they would never end."""
    here, there = os.pipe(), os.pipe()

    def work(check: Check, slot: int) -> Outcome:
        mine, other = (here, there) if check.id == "a" else (there, here)
        os.write(other[1], b"x")
        os.read(mine[0], 1)
        return {"id": check.id}

    outcomes, _ = run([make("a"), make("b")], work)
    for descriptor in (*here, *there):
        os.close(descriptor)
    assert [outcome for outcome in outcomes if "lost" in outcome] == []


def test_what_measures_runs_alone_and_last() -> None:
    checks = [make("m", alone=True), make("n", alone=True), *(make(name) for name in "abcd")]
    _, log = run(checks, jobs=4)
    assert log[-4:] in (["+m", "-m", "+n", "-n"], ["+n", "-n", "+m", "-m"])


def test_what_takes_long_is_begun_first() -> None:
    checks = [make("a"), make("m", alone=True), replace(make("z", "a"), long=True), make("b")]
    _, log = run([*checks, replace(make("y"), long=True)], jobs=1)
    assert [entry for entry in log if entry[0] == "+"] == ["+y", "+a", "+z", "+b", "+m"]


def test_slots_of_running_checks_differ() -> None:
    outcomes, _ = run([make(name) for name in "abcdef"], jobs=3)
    assert {outcome["slot"] for outcome in outcomes} <= {0, 1, 2}
    outcomes, _ = run([make(name) for name in "abc"], jobs=1)
    assert {outcome["slot"] for outcome in outcomes} == {0}


# -- what is lost ------------------------------------------------------------------------------


def test_a_child_that_leaves_without_a_word() -> None:
    outcomes, _ = run([make("a"), make("b", "a")], lambda check, slot: os._exit(0))
    assert outcomes == [
        {"id": name, "lost": "the check ended without a result"} for name in ("a", "b")
    ]


def test_a_child_that_is_killed() -> None:
    outcomes, _ = run([make("a")], lambda check, slot: {"": os.kill(os.getpid(), signal.SIGKILL)})
    assert outcomes == [{"id": "a", "lost": "the check ended without a result"}]


def test_a_large_outcome_arrives_whole() -> None:
    outcomes, _ = run([make("a")], lambda check, slot: {"id": "a", "text": "x" * 1_000_000})
    assert len(outcomes[0]["text"]) == 1_000_000


def test_an_exception_in_work_is_lost_not_spread() -> None:
    def work(check: Check, slot: int) -> Outcome:
        os.close(2)  # the traceback is no part of this test
        raise ZeroDivisionError

    assert run([make("a")], work)[0] == [{"id": "a", "lost": "the check ended without a result"}]


def test_an_outcome_that_is_no_json() -> None:
    def work(check: Check, slot: int) -> Outcome:
        os.close(2)
        return {"id": {1, 2}}

    assert "lost" in run([make("a")], work)[0][0]


def test_a_check_that_hangs_ends_at_its_limit() -> None:
    def work(check: Check, slot: int) -> Outcome:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if check.id == "a":
            select.select([], [], [])
        return {"id": check.id}

    outcomes, _ = run([make("a"), make("b")], work, limit=0.1)
    assert {"id": "a", "lost": "the check did not end in time"} in outcomes
    assert {"id": "b"} in outcomes


def test_a_limit_does_not_shrink_while_a_check_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine was busy when the check began to wait, and is not any more."""
    monkeypatch.setattr(schedule, "LOOK", 0.01)
    bell, ringer = os.pipe()
    asked: list[float] = []

    def limit() -> float:
        asked.append(20 if not asked else 1e-9)
        if len(asked) == 5:
            os.write(ringer, b"!")
        return asked[-1]

    def work(check: Check, slot: int) -> Outcome:
        return {"id": check.id, "read": len(os.read(bell, 1))}

    scheduler = Scheduler(work, lost, never, 1, limit)
    assert list(scheduler.run([make("a")], lambda check: None)) == [{"id": "a", "read": 1}]


def test_nothing_is_left_when_the_reader_goes_away(tmp_path: Path) -> None:
    def work(check: Check, slot: int) -> Outcome:
        (tmp_path / f"{check.id}.new").write_text(str(os.getpid()))
        (tmp_path / f"{check.id}.new").rename(tmp_path / check.id)
        if check.id != "a":
            select.select([], [], [])
        while not (tmp_path / "b").exists():
            select.select([], [], [], 0.001)
        return {"id": check.id}

    outcomes = Scheduler(work, lost, never, 2, lambda: 100.0).run(
        [make("a"), make("b")], lambda check: None
    )
    assert next(outcomes) == {"id": "a"}
    outcomes.close()
    for name in ("a", "b"):
        with pytest.raises(ProcessLookupError):
            os.kill(int((tmp_path / name).read_text()), 0)


def test_descriptors_are_given_back() -> None:
    before = os.listdir("/proc/self/fd")
    run([make(name) for name in "abc"])
    assert os.listdir("/proc/self/fd") == before


# -- what is skipped ---------------------------------------------------------------------------


def test_what_is_skipped_never_starts_and_counts_as_done() -> None:
    def skip(check: Check, done: dict[str, Outcome]) -> Outcome | None:
        return {"id": check.id, "skipped": sorted(done)} if check.id == "b" else None

    outcomes, log = run([make("a"), make("b", "a"), make("c", "b")], skip=skip)
    assert [outcome["id"] for outcome in outcomes] == ["a", "b", "c"]
    assert outcomes[1]["skipped"] == ["a"] and "+b" not in log
