"""Grade one submission: from a folder to a Grade."""

from __future__ import annotations

import os
import platform
import time
from dataclasses import KW_ONLY, dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from random import SystemRandom
from typing import Callable

from grader import golang, paths
from grader.job import Job
from grader.manifest import Lab, load_lab
from grader.manifest_rules import IDS
from grader.result import CheckResult, Grade, check_from_json
from grader.score import total
from grader.submission import Submission
from grader.track import left_out
from grader.under import STRACE, TRACE
from grader.unit_tests import keep_tests
from grader.worker import Bench, Event, bench, lay_out, run_worker

Listener = Callable[[Event], None]


@dataclass(frozen=True)
class Options:
    """What a caller may choose about a grading."""

    checks: tuple[str, ...] = ()  # empty for all
    seed: int = 0
    _: KW_ONLY
    jobs: int = 0
    under: str = ""
    quiet: str = ""  # see grader/quiet.py
    track: str = ""


@dataclass
class _Record:
    """What the events of a worker add up to."""

    checks: dict[str, CheckResult] = field(default_factory=dict)
    timings: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    isolation: str = "none"

    def take(self, event: Event) -> None:
        kind = event["event"]
        if kind == "result":
            result = check_from_json(event["check"])
            self.checks[result.id] = result
        elif kind == "phase":
            self.timings[event["name"]] = event["seconds"]
        elif kind == "isolation":
            self.isolation = event["level"]
            if event["trouble"]:
                self.notes.append(f"isolation {event['level']}: {event['trouble']}")


def grade(lab: Lab, submission: Submission, options: Options, listen: Listener) -> Grade:
    """Run the checks of `lab` on a submission and return what they found.

    listen is called with every event of the worker. Raises WorkerFailed, OSError.
    """
    started, clock = datetime.now(timezone.utc), time.monotonic()
    record = _Record()
    keep_tests(lab, options.checks)
    with bench() as place:
        job = _job(place, lab, submission, options)
        if options.track:
            golang.stock(Path(job.scratch), lab.id)
        with_ids = any(check.right == IDS for check in lab.checks if check.id in options.checks)
        for event in run_worker(place, job, with_ids=with_ids):
            record.take(event)
            listen(event)
        record.notes += kept_trace(Path(job.scratch), options)
    checks = tuple(record.checks[check.id] for check in lab.checks if check.id in record.checks)
    record.notes += told(options.track, lab)
    if submission.ignored:
        record.notes.append("not used: " + ", ".join(submission.ignored))
    result = Grade(
        lab=lab.id,
        lab_version=lab.version,
        submission=submission.display,
        status="graded",
        seed=options.seed,
        isolation=record.isolation,
        machine=machine(),
        started=started.isoformat(timespec="seconds"),
        duration=time.monotonic() - clock,
        timings=_timings(record, time.monotonic() - clock),
        notes=tuple(record.notes),
        checks=checks,
    )
    return total(result)


def told(track: str, lab: Lab) -> list[str]:
    """Return what the report says of a track."""
    if not track:
        return []
    text = f"track {track}: graded apart from the lab's 100 points"
    missing = left_out(load_lab(paths.ROOT, lab.id), track)
    return (
        [f"{text}; left out, as they are about the mechanism in C: {', '.join(missing)}"]
        if missing
        else [text]
    )


def kept_trace(scratch: Path, options: Options) -> list[str]:
    """Keep what a replay under strace has traced; return a note that says where."""
    if options.under != STRACE:
        return []
    # not in the folders of the checks: their trees may be deep and strange
    found = sorted(scratch.glob(TRACE)) + sorted(scratch.glob("checks/*/trace-*"))
    if not found:
        return []
    target = Path(trace_name(options.checks[0]))
    with target.open("wb") as file:
        for path in found:
            file.writelines(programs_own(path.read_bytes().splitlines(keepends=True)))
    return [f"the system calls of the program: {target}"]


def programs_own(lines: list[bytes]) -> list[bytes]:
    """Return the lines of a trace that the program wrote, without those of the launcher that started it."""
    launchers, programs, own = set(), set(), []
    for line in lines:
        pid = line.split(b" ")[0]
        if b'/gate", ["' in line:
            launchers.add(pid)
        elif pid not in launchers and b"execve(" in line and b"/scratch/" in line:
            programs.add(pid)
        if programs and pid not in launchers:
            own.append(line)
    return own


def trace_name(check_id: str) -> str:
    """Return the name of the file, in the current folder, where the trace of a replay is kept."""
    return f"replay-{check_id}.strace"


def _job(place: Bench, lab: Lab, submission: Submission, options: Options) -> Job:
    return Job(
        lab=lab.id,
        source=str(lay_out(place, lab, submission)),
        scratch=str(place.folder / "scratch"),
        display=submission.display,
        seed=options.seed,
        checks=options.checks,
        jobs=options.jobs,
        under=options.under,
        quiet=options.quiet,
        track=options.track,
    )


def new_seed() -> int:
    """Return a seed that nobody can foresee, short enough to be typed."""
    return SystemRandom().randrange(1_000_000)


def _timings(record: _Record, duration: float) -> dict[str, float]:
    """Seconds by phase; `checks` is what the checks take in wall time, side by side."""
    known = sum(record.timings.values())
    return {**record.timings, "checks and start": max(duration - known, 0.0)}


def machine() -> str:
    """Return one line about this machine."""
    cores = os.cpu_count()
    return f"{platform.system()} {platform.release()} {platform.machine()}, {cores} processors"
