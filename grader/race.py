"""A drill's threads at work: under ThreadSanitizer, and with calls that are late; a plain main of ours runs them.

race_<drill>.c lets threads use the student's code and prints what came of it in one line. The line is
compared outside; the report of the sanitizer is read from stderr.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Iterable

from grader.outcome import TIME_LIMIT, Failed, Tampered
from grader.pipe import Pipe
from grader.process import TimeLimit
from grader.recording import record
from grader.result import Evidence
from grader.run import Run
from grader.sandbox import Room
from grader.strace.faults import Fault
from grader.unit import build_race

OPTIONS = {"TSAN_OPTIONS": "exitcode=0:color=never:halt_on_error=1:report_thread_leaks=0"}
REPORT = re.compile(r"(?ms)^WARNING: ThreadSanitizer: (?P<what>[^\n(]+).*?(?=^={10,}$|\Z)")
SECONDS = 5.0  # after which it hangs, on a machine that is not slow
SHOWN = 16  # lines of a report


@dataclass(frozen=True)
class Race:
    """What one run came to."""

    line: str
    said: str
    hung: bool
    ending: str = ""


def expect_race(run: Run, argument: int, line: str) -> None:
    """Run the threads under ThreadSanitizer. Raises Failed unless there is no report, and this line printed."""
    program = build_race(run, "tsan")
    race = _perform(run, program, argument, ())
    report = REPORT.search(race.said)
    if report:
        observed = f"ThreadSanitizer: {report['what'].strip()}"
        evidence = [_exhibit(run, report.group())]
        raise Failed(observed, expected="no report of ThreadSanitizer", evidence=evidence)
    _judge(race, line, "under ThreadSanitizer")


def expect_line(run: Run, argument: int, line: str) -> None:
    """Run the threads at full speed. Raises Failed unless this line is printed."""
    _judge(_perform(run, build_race(run, "plain"), argument, ()), line, "at full speed")


def expect_late(run: Run, argument: int, line: str, faults: Iterable[Fault]) -> None:
    """Run the threads while each of these calls in turn is late. Raises Failed unless this line is printed."""
    program = build_race(run, "plain")
    for fault in faults:
        recording = record(run, program, (fault.call,), faults=[fault], cpu=None)
        race = _perform(run, program, argument, recording.strace.argv())
        place = "before" if fault.delay_us else "behind"
        _judge(race, line, f"with each {fault.call} held back {place} the call")


def _perform(run: Run, program: Path, argument: int, wrap: Iterable[str]) -> Race:
    """Run the program once."""
    with run.sandbox(Room(readable=(program.parent,))) as box, Pipe() as pipe:
        process = box.start(
            [program, str(argument)],
            limits=run.limits,
            env=OPTIONS,
            wrap=list(wrap),
            sanitized=not wrap,
            stdout=pipe.write_end,
        )
        output = pipe.read(run.limit(SECONDS), 1 << 16)
        try:
            ending = str(process.wait(run.limit(0.5) if output.whole else 0.0))
        except TimeLimit:
            return Race("", process.stderr_text(), hung=True)
        line = output.data.decode("utf-8", "replace").strip()
        return Race(line, process.stderr_text(), False, ending)


def _judge(race: Race, line: str, when: str) -> None:
    said = [Evidence("output", race.said[:2000])] if race.said.strip() else []
    if race.hung:
        observed = f"{when}, the threads do not come to an end: one of them sleeps for ever"
        expected = "whoever waits is woken"
        raise Failed(observed, expected=expected, evidence=said, reason=TIME_LIMIT)
    if race.line.count("\n"):
        raise Tampered(f"{when}, more is printed than the test prints", evidence=said)
    if race.line != line:
        observed = f"{when}: {race.line or 'nothing'} ({race.ending})"
        raise Failed(observed, expected=line, evidence=said)


def _exhibit(run: Run, report: str) -> Evidence:
    """The first lines of a report, with the student's line that it names first."""
    names = "|".join(re.escape(name) for name in run.part.files)
    place = re.search(rf"({names}):(\d+)", report)
    text = "\n".join(report.splitlines()[:SHOWN])
    if place is None:
        return Evidence("output", text)
    return Evidence("output", text, f"{run.job.display}/{place[1]}", int(place[2]))
