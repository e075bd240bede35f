"""The verdict on one run of a drill's test: its report is believed only as far as the trace allows."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Iterable

from grader import drill_questions, paths
from grader.criterion_report import PASSED, SKIPPED, Report
from grader.outcome import TIME_LIMIT, Failed, Tampered
from grader.result import Evidence
from grader.strace.call import Call
from grader.strace.events import Signal
from grader.strace.stack import blame_all
from grader.unit import tests_of
from grader.unit_run import Performance

FATAL = ("SIGSEGV", "SIGBUS", "SIGABRT", "SIGFPE", "SIGILL", "SIGPIPE", "SIGTRAP")


def conclude(seen: Performance) -> None:
    """Raise Failed or Tampered; return if the test has passed, or skipped itself."""
    _expect_honest(seen)
    _expect_no_sanitizer(seen)
    _expect_return(seen)
    report = seen.report
    if report is None:
        observed = f"the test gave no report: {seen.ending}"
        raise Failed(observed, expected="the test runs to its end", evidence=_output(seen))
    if report.status == SKIPPED:
        return
    answers = drill_questions.ask(seen.test.questions, seen.witness)
    if report.status != PASSED:
        failure = report.failure()
        failure.evidence = tuple(last_call(seen))
        failure.evidence += tuple(_exhibit(seen, each.calls, each.observed) for each in answers)
        failure.evidence += _crash(seen)
        raise failure
    _expect_whole(seen, report)
    for answer in answers:
        evidence = [_exhibit(seen, answer.calls)]
        raise Failed(answer.observed, expected=answer.expected, evidence=evidence)


# -- what the trace says ---------------------------------------------------------------------------


def _expect_honest(seen: Performance) -> None:
    """Raise Tampered if the code under test reached for the runner, its report or another process."""
    found = seen.watch.first
    if found:
        what, shown = found
        if isinstance(shown, Call):
            evidence = _exhibit(seen, [shown])
        else:
            evidence = _place(seen, shown, shown.text)
        raise Tampered(
            f"the code under test {what}",
            expected="a drill works on what the test gives it",
            evidence=[evidence],
        )


def _expect_return(seen: Performance) -> None:
    """Raise Failed if the code under test did not come back to the test."""
    left = [call for call in seen.calls("exit_group") if call.pid == seen.witness.test]
    if left:
        raise Failed(
            "the code under test ends the process instead of returning",
            expected="the function returns to its caller",
            evidence=[_exhibit(seen, left)],
        )
    if seen.time_limit is not None:
        raise Failed(
            f"{seen.test.name}: {seen.time_limit}",
            expected="the function returns to its caller",
            evidence=last_call(seen),
            reason=TIME_LIMIT,
        )


def _expect_no_sanitizer(seen: Performance) -> None:
    report = re.search(r"(?ms)^(==\d+==ERROR: |[^\n]*runtime error: ).*", seen.said)
    if report:
        headline = re.sub(r"==\d+==ERROR: | on address.*", "", report.group().splitlines()[0])
        evidence = [Evidence("output", "\n".join(report.group().splitlines()[:16]))]
        raise Failed(headline, expected="no report of a sanitizer", evidence=evidence)


def _expect_whole(seen: Performance, report: Report) -> None:
    """Raise Failed or Tampered unless all assertions were passed, in the report and in the trace."""
    wanted, marks = seen.test.run.check.assertions, seen.witness.passed
    if report.assertions == marks == wanted and seen.ending == "exit status 0":
        _expect_alone(seen)
        return
    told = f"the report says {report.assertions} assertions passed, the trace {marks}, of {wanted}"
    kind = Failed if report.assertions == marks else Tampered
    raise kind(f"{told} ({seen.ending})", expected="the whole test", evidence=last_call(seen))


def _expect_alone(seen: Performance) -> None:
    """Raise Failed if a process that the code under test started goes on after the test."""
    trace, test = seen.witness.trace, seen.witness.test
    ended = {event.pid: event.index for event in trace.exits()}
    end = ended.get(test, 0)
    left = [
        c for c in trace.forks() if seen.witness.own(c) and ended.get(c.result_pid or 0, end) >= end
    ]
    if left:
        observed = "a process that the code under test started goes on after the test"
        raise Failed(observed, expected="no process is left", evidence=[_exhibit(seen, left)])


# -- evidence --------------------------------------------------------------------------------------


def _output(seen: Performance) -> list[Evidence]:
    return [Evidence("output", seen.said)] if seen.said else []


def _exhibit(seen: Performance, calls: Iterable[Call], note: str = "") -> Evidence:
    """Return calls as evidence, with a remark and the student's line that made the last of them."""
    shown = list(calls)
    if not shown:
        return Evidence("note", note)
    *others, blamed = shown
    evidence = seen.test.run.exhibit([*others, blamed], seen.test.program)
    place = seen.test.run.exhibit([seen.with_stack(blamed)], seen.test.program)
    text = f"{evidence.text}\n{note}" if note else evidence.text
    return replace(evidence, text=text, file=place.file, line=place.line)


def last_call(seen: Performance) -> list[Evidence]:
    """Return the line of the test that called the code under test last."""
    if not seen.witness.stretches:
        return _output(seen)
    last, tests = seen.witness.stretches[-1], tests_of(seen.test.run)
    lines = tests.read_text("utf-8").splitlines()
    text = lines[last.line - 1].strip() if last.line <= len(lines) else ""
    text += "   …does not return" if last.leave is None else ""
    return [Evidence("test", text, str(tests.relative_to(paths.ROOT)), last.line)]


def _crash(seen: Performance) -> tuple[Evidence, ...]:
    """Return the signal that ended the code under test, with the student's line, if one did."""
    signals = seen.signals(*FATAL)
    return tuple(_place(seen, each, f"killed by {each.name}") for each in signals[:1])


def _place(seen: Performance, signal: Signal, text: str) -> Evidence:
    """Return a text as evidence, with the student's line that a signal has interrupted."""
    run = seen.test.run
    stacked = seen.signal_with_stack(signal)
    places = blame_all([stacked], seen.test.program, run.part.files)  # type: ignore[list-item]
    place = places.get(stacked.index)
    if place is None:
        return Evidence("trace", text)
    return Evidence("trace", text, f"{run.job.display}/{place.file}", place.line)
