"""What must hold of one inspection: its counts, its errors, its listing, each compared with the grader's trace."""

from __future__ import annotations

from typing import Iterable, Sequence

from grader.checks.syscalls.inspection import Inspection
from grader.checks.syscalls.inspector import Bench
from grader.checks.syscalls.table import (
    counts_of,
    disorder,
    errors_of,
    unsettled,
    wrong_counts,
    wrong_errors,
)
from grader.outcome import Failed
from grader.result import Evidence
from grader.strace.ask import Trace
from grader.strace.call import Call
from grader.strace.evidence import show

SHOWN = 4  # calls of a kind that are shown


def calls_of(trace: Trace, follow: bool) -> tuple[Call, ...]:
    """Return the calls that an inspector must tell of: with -f all, else those of the first thread."""
    if follow or trace.start is None:
        return trace.calls()
    return tuple(call for call in trace.calls() if call.pid == trace.start.pid)


def expect_counts(found: Inspection, calls: Sequence[Call], only: Iterable[str] = ()) -> None:
    """Raise Failed unless the table has the right number for every call, or for those in `only`."""
    expect_rows(found)
    wrong = wrong_counts(found.table, counts_of(calls), only)
    if wrong:
        failure = failed(found, wrong, "as many of each call as were made", calls)
        failure.share = _share(found, len(wrong))
        raise failure


def _share(found: Inspection, wrong: int) -> float:
    """Half of the points at the most: a table of which some rows are right is a beginning."""
    rows = len(found.table.rows)
    return 0.5 * max(rows - wrong, 0) / rows


def expect_order(found: Inspection) -> None:
    """Raise Failed unless the rows are sorted, and `total` their sum."""
    wrong = disorder(found.table)
    if wrong:
        expected = "most frequent first, ties by name; in the end the sums as `total`"
        failure = failed(found, [wrong], expected, ())
        failure.share = 0.5
        raise failure


def expect_errors(found: Inspection, calls: Sequence[Call], only: Iterable[str] = ()) -> None:
    """Raise Failed unless the column of errors is right."""
    expect_rows(found)
    wrong = wrong_errors(found.table, errors_of(calls), unsettled(calls), only)
    if wrong:
        raise failed(found, wrong, "as many errors of each call as it returned", calls)


def expect_rows(found: Inspection) -> None:
    """Raise Failed if there is no table at all."""
    if not found.table.rows:
        observed = f"there is no table ({found.ending})"
        raise Failed(observed, expected="rows of `calls errors name`", evidence=found.exhibits())


def failed(found: Inspection, wrong: Sequence[str], expected: str, calls: Iterable[Call]) -> Failed:
    """Return the failure, with the calls that the first complaint is about as the grader saw them."""
    name = wrong[0].partition(":")[0]
    about = [call for call in calls if call.name == name]
    evidence = found.exhibits()
    if about:
        note = f"{len(about)} {name} in the grader's trace of the same command"
        evidence.insert(1, show(about, lines=SHOWN, note=note))
    more = [f"and {len(wrong) - 4} more"] if len(wrong) > 4 else []
    return Failed("\n".join([*wrong[:4], *more]), expected=expected, evidence=evidence)


def expect_listing(found: Inspection, calls: Sequence[Call], marker: str) -> None:
    """Raise Failed unless the lines of -l are these calls in order; from `marker` on with their results."""
    listed, exact = found.listed, False
    for number, call in enumerate(calls):
        exact = exact or call.name == marker
        line = listed[number] if number < len(listed) else None
        if line is not None and line.name == call.name and line.errno == call.errno:
            if not exact or _same_result(line.result, call):
                continue
        seen = f"`{line.text}`" if line else "missing"
        observed = f"call number {number + 1} of the list is {seen}"
        evidence = [Evidence("note", found.words), show(calls[max(number - 1, 0) : number + 2])]
        evidence += found.exhibits()[1:]
        raise Failed(observed, expected=f"`{call.name}(…) = {call.tail}`", evidence=evidence)
    if len(listed) > len(calls):
        observed = f"the list goes on after the last call: `{listed[len(calls)].text}`"
        raise Failed(observed, expected=f"{len(calls)} calls", evidence=found.exhibits())


def _same_result(text: str, call: Call) -> bool:
    if call.result is None:
        return text == "?"
    return text == "-1" if call.failed else text in (str(call.result), hex(call.result))


def inspected(
    bench: Bench, engine: str, options: Sequence[str], probe: str, *steps: object
) -> tuple[Inspection, tuple[Call, ...]]:
    """Run a probe under the inspector, and under the grader's own strace; return both."""
    command = [bench.probe(probe), *steps]
    trace = bench.observe(*command)
    found = bench.inspect("-e", engine, *options, *command)
    expect_ended_well(found)
    return found, calls_of(trace, "-f" in options)


def expect_ended_well(found: Inspection, code: int = 0) -> None:
    """Raise Failed unless the inspector's exit status is that of the command."""
    if found.ending.code != code:
        observed = f"{found.ending}, {code} is the command's own"
        raise Failed(observed, expected="the command's exit status", evidence=found.exhibits())
