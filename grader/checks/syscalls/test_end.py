"""A signal to the inspector ends the command, not the report."""

from __future__ import annotations

import os
import signal

from grader.checks.syscalls.inspection import typed
from grader.checks.syscalls.inspector import ENGINES, STEP, Bench, bench
from grader.checks.syscalls.table import read_table
from grader.ending import signal_name
from grader.outcome import Failed, check
from grader.poll import ready_to_read
from grader.result import Evidence
from grader.run import Run

CASES = (("spin=0", signal.SIGTERM), ("ready=0", signal.SIGINT))


@check("interrupt")
def test_interrupt(run: Run) -> None:
    """Send SIGTERM and SIGINT to the inspector: the command ends, the table is printed, nothing runs on."""
    wrong: list[Failed] = []
    for engine in ENGINES:
        for step, number in CASES:
            with bench(run, "probe") as place:
                try:
                    _interrupt(place, engine, step, number)
                except Failed as failure:
                    wrong.append(failure)
    if wrong:
        wrong[0].share = 1 - len(wrong) / (len(ENGINES) * len(CASES))
        raise wrong[0]


def _interrupt(place: Bench, engine: str, step: str, number: signal.Signals) -> None:
    report = place.folder / "report"
    probe = place.probe("probe")
    argv = [place.run.program(), "-e", engine, "-o", report, probe, "getpgid=3", step]
    read_end, write_end = os.pipe()
    stdin, hold = os.pipe()  # nobody writes: the command waits
    try:
        process = place.start(argv, stdin=stdin, stdout=write_end)
        ready = ready_to_read(read_end, place.run.limit(STEP))
        if not ready:
            raise Failed(f"{typed(argv)}\nthe command did not get going", evidence=_seen(place))
        process.signal(number)
        ending = place.ended(process, argv)
    finally:
        for descriptor in (read_end, write_end, stdin, hold):
            os.close(descriptor)
    name = signal_name(number)
    table = read_table(report.read_text("utf-8", "replace") if report.exists() else "")
    told = f"{typed(argv)}\n{name}:"
    expected = f"{name} ends the command; the table as ever; exit status {128 + number}"
    if table.total is None or table.row("getpgid").calls != 3:
        observed = f"{told} {ending}, and no whole table"
        evidence = [Evidence("output", table.text or "the file is empty"), *_seen(place)]
        raise Failed(observed, expected=expected, evidence=evidence)
    if not place.alone():
        raise Failed(f"{told} something runs on", expected=expected, evidence=_seen(place))
    if ending.code != 128 + number:
        raise Failed(f"{told} {ending}", expected=expected, evidence=_seen(place))


def _seen(place: Bench) -> list[Evidence]:
    return [place.inhabitants()]
