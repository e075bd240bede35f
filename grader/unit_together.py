"""All tests of a drill in one run, since what a test costs is mostly the start of the runner and its tracer.

A test that passes here has passed: it is asked all that it is asked alone. Of the others nothing is said. They
run again, alone and in a fresh sandbox, so that no test costs another one its points or its time.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from grader.criterion_report import PASSED, bodies
from grader.lock import locked
from grader.manifest import Check
from grader.outcome import Failed
from grader.process import NotStarted
from grader.run import Run
from grader.strace.run import StraceUnavailable, TraceTooLong
from grader.unit import tests_of
from grader.unit_run import Performance, UnitTest, perform_all
from grader.unit_verdict import conclude

SECONDS = 3.0  # for all tests of a drill, on a machine that is not slow; most drills take 0.3
ALL_WELL, SOME_FAILED = "exit status 0", "exit status 1"  # of Criterion's runner


def unit_test(run: Run, check: Check, program: Path, variant: str) -> UnitTest:
    """Return the test of a check, in one variant; its trace is asked about in the first one only."""
    questions = check.trace if variant == check.variants[0] else ()
    return UnitTest(replace(run, check=check), program, variant, name_of(check), questions)


def name_of(check: Check) -> str:
    """Return the name of a check's test in the file of its drill."""
    return check.id.rpartition(".")[2]


def passed_together(test: UnitTest) -> bool:
    """Return whether the test has passed in a run of all; they run if no check of the drill has done it yet."""
    lines = bodies(tests_of(test.run))
    checks = [check for check in _companions(test) if name_of(check) in lines]
    if test.run.job.under or len(checks) < 2:
        return False
    record = Path(test.run.job.scratch) / "together" / f"{test.variant}.{test.run.part.id}"
    record.parent.mkdir(exist_ok=True)
    with locked(Path(f"{record}.lock")):
        if not record.exists():
            record.write_text("\n".join(_passing(test, checks, lines)), "utf-8")
        return test.name in record.read_text("utf-8").splitlines()


def _companions(test: UnitTest) -> list[Check]:
    """The checks of this grading whose tests can run in the same sandbox."""
    own, wanted = test.run.check, test.run.job.checks
    return [
        check
        for check in test.run.lab.checks
        if check.part == own.part
        and test.variant in check.variants
        and (check.limits, check.right, check.alone) == (own.limits, own.right, own.alone)
        and (not wanted or check.id in wanted)
    ]


def _passing(asking: UnitTest, checks: list[Check], lines: dict[str, range]) -> list[str]:
    """Run the tests of these checks and return the names of those that pass."""
    tests = [unit_test(asking.run, check, asking.program, asking.variant) for check in checks]
    try:
        seen = perform_all(asking, tests, SECONDS)
    except (NotStarted, StraceUnavailable, TraceTooLong):
        return []
    if any(_is_another(each, lines) or each.watch.first for each in seen):
        return []  # who meddles with a run may meddle with all of it
    if any(each.report and each.report.status != PASSED for each in seen):
        seen = [_as_if_alone(each) for each in seen]
    return [each.test.name for each in seen if _passes(each)]


def _is_another(seen: Performance, lines: dict[str, range]) -> bool:
    """Whether the process that is taken for that of a test has left marks of another test."""
    others = [body for name, body in lines.items() if name != seen.test.name]
    marked = {mark.line for mark in seen.witness.marks}
    return any(line in body for line in marked for body in others)


def _as_if_alone(seen: Performance) -> Performance:
    """The runner's exit status says that a test has failed, and another one has."""
    return replace(seen, ending=ALL_WELL) if seen.ending == SOME_FAILED else seen


def _passes(seen: Performance) -> bool:
    if seen.report is None or seen.report.status != PASSED:
        return False
    try:
        conclude(seen)
    except Failed:
        return False
    return True
