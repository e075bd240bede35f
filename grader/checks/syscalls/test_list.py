"""The listing of -l, and what -f follows."""

from __future__ import annotations

from grader.checks.syscalls.inspector import Bench, bench
from grader.checks.syscalls.judged import expect_counts, expect_errors, expect_listing, inspected
from grader.checks.syscalls.table import counts_of, errors_of
from grader.outcome import Failed, check
from grader.run import Run
from grader.strace.evidence import show

MARKER = "sched_yield"  # from here on results are known, too
TEXTS = (
    *('") = -1 EPERM (Operation', 'say "no"', "<unfinished ...>", "<... read resumed>"),
    *("a\nb\n", ")", "(", "\\", '\\"', "+++ exited with 0 +++", "--- SIGINT ---", " = -1 ENOENT"),
    *("12 getppid() = 1", "\n12 getppid() = 1\n", "plain", "", '"', "')", "{[(", "= ?"),
)
CROWD = ("read", "write", "getppid", "rt_sigtimedwait")


def order_steps(run: Run) -> list[str]:
    """Return calls in an order that the seed chooses, many with arguments that look like a trace."""
    steps = [f"chdir={text}" for text in TEXTS] + [f"note={text}" for text in TEXTS if text]
    steps += ["sched_yield=1", "enoent=1", "ebadf=1", "esrch=1", "einval=1"] * 2
    run.random.shuffle(steps)
    return [f"{MARKER}=1", *steps, f"chdir=no-such-{run.random.getrandbits(24):x}"]


@check("list.order")
def test_order(run: Run) -> None:
    """List calls in order, with arguments that contain quotes, newlines, `= -1 ENOENT`, `<unfinished ...>`."""
    steps = order_steps(run)
    with bench(run, "probe") as place:
        found, calls = inspected(place, "strace", ["-l"], "probe", *steps)
        expect_listing(found, calls, MARKER)
        text = steps[-1].partition("=")[2]
        if not any(line.name == "chdir" and f'"{text}"' in line.args for line in found.listed):
            observed = f'no line of chdir shows its argument "{text}"'
            raise Failed(observed, expected="name(arguments) = result", evidence=found.exhibits())
        found, calls = inspected(place, "strace", [], "probe", *steps)
        expect_counts(found, calls)
        expect_errors(found, calls)


@check("list.interleaved")
def test_interleaved(run: Run) -> None:
    """Follow threads and children whose calls overlap: each call counts once, and without -f only the first thread's."""
    with bench(run, "crowd") as place:
        expect_crowd(place, "strace")


def expect_crowd(place: Bench, engine: str) -> None:
    """Raise Failed unless threads and children are told of rightly: table with and without -f, list."""
    sizes = 3, 2, place.run.random.randint(12, 20)
    found, calls = inspected(place, engine, ["-f"], "crowd", *sizes)
    expect_counts(found, calls, CROWD)
    expect_errors(found, calls, CROWD)
    found, calls = inspected(place, engine, [], "crowd", *sizes)
    expect_counts(found, calls, CROWD)
    found, calls = inspected(place, engine, ["-l", "-f"], "crowd", *sizes)
    made, failed = counts_of(calls), errors_of(calls)
    for name in CROWD:
        lines = [line for line in found.listed if line.name == name]
        errors = [line for line in lines if line.errno]
        if (len(lines), len(errors)) != (made[name], failed[name]):
            observed = (
                f"{len(lines)} {name} in the list, {len(errors)} of them with an error; "
                f"{made[name]} were made, {failed[name]} failed"
            )
            cut = [call for call in calls if call.name == name and "\n" in call.text][:2]
            evidence = [*([show(cut)] if cut else []), *found.exhibits()]
            raise Failed(observed, expected="one whole line for each call", evidence=evidence)
