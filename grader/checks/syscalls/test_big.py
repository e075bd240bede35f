"""Two hundred thousand calls: read while they come, and in bounded memory."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Iterator
from contextlib import contextmanager

from dataclasses import replace

from grader.checks.syscalls.inspection import typed
from grader.checks.syscalls.inspector import Bench, bench
from grader.checks.syscalls.table import read_table
from grader.outcome import MEMORY_LIMIT, TIME_LIMIT, Failed, check
from grader.poll import ready_to_read
from grader.process import Process
from grader.result import Evidence
from grader.run import Run

CALLS = 200_000
LONGEST = 30.0  # seconds for them, on a fast machine: strace needs 20 microseconds for each
MEMORY = 8 << 20  # bytes that the inspector itself may hold: the trace has some ten million
FILE = 4  # MiB: a trace does not fit into a file of that size, a pipe holds no file


@check("big.trace")
def test_big(run: Run) -> None:
    """Run a command that makes 200,000 calls and then waits; look at the inspector's memory before letting it end."""
    with bench(run, "probe") as place:
        words = ["-o", place.folder / "report", place.probe("probe"), f"many={CALLS}", "ready=0"]
        with _talking(place, [run.program(), *words]) as (process, to, answers):
            if not ready_to_read(answers, run.limit(LONGEST)):
                raise _stuck(place, process, words)
            if os.read(answers, 64) != b"ready\n":
                raise _stuck(place, process, words)
            _expect_small(process)
            os.write(to, b"x")
            place.ended(process, words)
        _expect_counted(place)


@contextmanager
def _talking(place: Bench, argv: list[object]) -> Iterator[tuple[Process, int, int]]:
    """Start the inspector on one processor, with pipes to the command's stdin and from its stdout."""
    stdin, to = os.pipe()
    answers, stdout = os.pipe()
    limits = replace(place.run.limits, file_size=FILE)
    wrap = ["taskset", "-c", str(place.run.cpu)]
    try:
        process = place.start(argv, limits, stdin=stdin, stdout=stdout, wrap=wrap)
        os.close(stdout)
        stdout = -1
        yield process, to, answers
    finally:
        for descriptor in (stdin, to, answers, stdout):
            if descriptor != -1:
                os.close(descriptor)


def _stuck(place: Bench, process: Process, words: list[object]) -> Failed:
    if process.ended():
        observed = f"{typed(words)}\nit ended before the command did: {process.wait(1.0)}"
        evidence = [Evidence("output", process.stderr_text().strip() or "no message")]
        return Failed(observed, expected="it reads until the command ends", evidence=evidence)
    observed = f"{typed(words)}\nafter {place.run.limit(LONGEST):.0f} s the command is not through"
    evidence = [Evidence("ledger", str(process.ledger())), place.inhabitants()]
    expected = "the pipe is emptied while the command runs: a full one stops strace, and with it the command"
    return Failed(observed, expected=expected, evidence=evidence, reason=TIME_LIMIT)


def _expect_small(process: Process) -> None:
    status = Path(f"/proc/{process.pid}/status").read_text("utf-8", "replace")
    peak = re.search(r"VmHWM:\s+(\d+) kB", status)
    if peak and int(peak[1]) << 10 > MEMORY:
        observed = f"after {CALLS:,} calls the inspector holds {int(peak[1]) >> 10} MiB"
        expected = f"at most {MEMORY >> 20} MiB: counts are kept, not lines"
        evidence = [Evidence("ledger", str(process.ledger()))]
        raise Failed(observed, expected=expected, evidence=evidence, reason=MEMORY_LIMIT)


def _expect_counted(place: Bench) -> None:
    text = (place.folder / "report").read_text("utf-8", "replace")
    rows = read_table(text)
    wanted = {"getppid": CALLS - CALLS // 8, "fsync": CALLS // 8}
    for name, number in wanted.items():
        if rows.row(name).calls != number:
            observed = f"{name}: {rows.row(name).calls} calls in the table, {number} were made"
            evidence = [Evidence("output", text[:2000])]
            raise Failed(observed, expected="none is lost", evidence=evidence)
