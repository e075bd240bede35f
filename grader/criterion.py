"""Judge a check of a drill by its Criterion test."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from grader.criterion_report import MACHINE_TEST, PASSED, SKIPPED
from grader.outcome import Failed, Inconclusive
from grader.run import Run
from grader.unit import build_unit
from grader.under import GDB
from grader.unit_run import UnitTest, perform
from grader.unit_show import show
from grader.unit_together import passed_together, unit_test
from grader.unit_verdict import conclude, last_call


def judge_test(run: Run) -> None:
    """Run the check's test in every variant that the manifest names. Raises Failed and its kin."""
    with ThreadPoolExecutor() as pool:  # gcc takes longer than the tests
        programs = {each: pool.submit(build_unit, run, each) for each in run.check.variants}
    for variant, program in programs.items():
        test = unit_test(run, run.check, program.result(), variant)
        if not passed_together(test):
            _judge(test)


def _judge(test: UnitTest) -> None:
    if test.run.job.under:
        show(test)
    if test.run.job.under == GDB:
        raise Inconclusive("it ran in gdb, which is not judged")
    seen = perform(test)
    conclude(seen)
    if seen.report is None or seen.report.status != SKIPPED:
        return
    lack = seen.report.lack
    if not seen.witness.stretches or not _machine_is_fine(test):
        raise Inconclusive(f"the machine: {lack}")
    again = perform(test)
    conclude(again)
    if again.report is not None and again.report.status == SKIPPED:
        raise Failed(
            f"after a call of the code under test there is no more {lack}",
            expected="the code under test leaves the process as it finds it",
            evidence=last_call(again),
        )


def _machine_is_fine(test: UnitTest) -> bool:
    """Whether the test that calls no code under test gets from the machine what it needs."""
    probe = perform(replace(test, name=MACHINE_TEST, questions=()))
    return probe.report is not None and probe.report.status == PASSED
