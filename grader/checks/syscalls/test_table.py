"""The summary table: how often each call was made, and how often it failed."""

from __future__ import annotations

from grader.checks.syscalls.inspector import bench
from grader.checks.syscalls.judged import expect_counts, expect_errors, expect_order, inspected
from grader.outcome import check
from grader.run import Run

GOOD = ("getppid", "getpgid", "sched_yield")
BAD = ("enoent", "ebadf", "esrch", "einval")


def counted_steps(run: Run) -> list[str]:
    """Return steps of probe.c, their numbers from the seed; two are the same, so that names decide."""
    numbers = run.random.sample(range(11, 90), len(GOOD))
    numbers[1] = numbers[0]
    good = [f"{name}={number}" for name, number in zip(GOOD, numbers)]
    return [*good, *failing_steps(run)]


def failing_steps(run: Run) -> list[str]:
    """Return steps whose calls fail, each another number of times, and some that succeed between them."""
    bad = run.random.sample(range(2, 30), len(BAD))
    return [*(f"{name}={number}" for name, number in zip(BAD, bad)), "getpgid=7"]


@check("count.exact")
def test_counts(run: Run) -> None:
    """Run commands that make known numbers of calls; compare the table with the grader's own trace."""
    with bench(run, "probe") as place:
        found, calls = inspected(place, "strace", [], "probe", *counted_steps(run))
        expect_counts(found, calls)
        expect_order(found)
        found, calls = inspected(place, "strace", [], "probe", "getppid=1")
        expect_counts(found, calls)


@check("count.errors")
def test_errors(run: Run) -> None:
    """Run a command whose calls fail with known errors; compare the column of errors."""
    with bench(run, "probe") as place:
        found, calls = inspected(place, "strace", [], "probe", *failing_steps(run))
        expect_errors(found, calls)
        found, calls = inspected(place, "strace", [], "probe", "getppid=5")
        expect_errors(found, calls)


def signal_steps(run: Run) -> list[str]:
    """Return steps in which signals are sent, handled, and interrupt a wait; children end, too."""
    return [f"usr1={run.random.randint(3, 9)}", "alarm=2", "chld=2", "getppid=4"]


@check("signals.ignored")
def test_signals(run: Run) -> None:
    """Run a command that takes signals and loses children: none of these lines is a system call."""
    with bench(run, "probe") as place:
        found, calls = inspected(place, "strace", [], "probe", *signal_steps(run))
        expect_counts(found, calls)
