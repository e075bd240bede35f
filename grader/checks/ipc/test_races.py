"""The drills with threads: no race, no lost wake-up."""

from __future__ import annotations

from grader.outcome import check
from grader.race import expect_late, expect_line, expect_race
from grader.run import Run
from grader.strace.faults import Fault

LATE = 400  # microseconds
FUTEX = (
    Fault("futex", delay_us=LATE, when="1+"),
    Fault("futex", delay_exit_us=LATE, when="1+"),
)
# Every other one: some threads are late, and some are not.
SOME = (Fault("futex", delay_us=4 * LATE, when="1+2"), Fault("futex", delay_us=LATE, when="2+3"))
MANY = 100_000  # rounds at full speed
FEW = 40  # rounds where calls are late


@check("counter.races")
def test_counter(run: Run) -> None:
    """Let threads add, and others ask for the total, in a build with ThreadSanitizer, and at full speed."""
    rounds = run.random.randrange(1500, 2500)
    expect_race(run, rounds, _counted(rounds))
    for _ in range(3):
        expect_line(run, MANY, _counted(MANY))


def _counted(rounds: int) -> str:
    """What race_counter prints: four threads add under the mutex, and ten times as often without."""
    return f"errors 0, backwards 0, total {4 * (1 + 10) * rounds}"


@check("queue.races")
def test_queue(run: Run) -> None:
    """Let three threads put and three take through queues of 1, 2 and 3 places, in a build with ThreadSanitizer, and
    with each futex call held back: no race, nobody sleeps for ever."""
    rounds = run.random.randrange(250, 350)
    expect_race(run, rounds, _taken(rounds))
    expect_late(run, FEW, _taken(FEW), (*FUTEX, *SOME))


def _taken(rounds: int) -> str:
    """What race_queue prints: three queues, three threads that put."""
    return f"items {9 * rounds}, sum {9 * rounds * (rounds - 1) // 2}"


@check("tsd.races")
def test_tsd(run: Run) -> None:
    """Let eight threads ask for their first text in the same instant, and report, in a build with ThreadSanitizer."""
    rounds = run.random.randrange(150, 250)
    for _ in range(3):
        expect_race(run, rounds, "wrong 0")


@check("futex_lock.races")
def test_futex(run: Run) -> None:
    """Let four threads fight for the lock in a build with ThreadSanitizer, and with each futex call held back: none
    gets in beside another one, none sleeps for ever."""
    rounds = run.random.randrange(1500, 2500)
    expect_race(run, rounds, f"number {4 * rounds}")
    expect_line(run, MANY, f"number {4 * MANY}")
    expect_late(run, 4 * FEW, f"number {16 * FEW}", (*FUTEX, *SOME))
