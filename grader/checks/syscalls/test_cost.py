"""Drill `cost`: the student predicts how many system calls library calls make; this machine measures it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from grader import paths
from grader.outcome import check
from grader.prediction import Predictions
from grader.process import TimeLimit
from grader.recording import record
from grader.result import Evidence
from grader.run import Run
from grader.strace.run import ALL

PROGRAM = Path(__file__).parent / "cost" / "cost.c"
MARK = "umask"


@check("cost.kernel")
def test_kernel(run: Run) -> None:
    """Compare predictions with this machine: functions that ask for the process and for the time."""
    _compare(run, "getpid", "clock_gettime", "strlen")


@check("cost.memory")
def test_memory(run: Run) -> None:
    """Compare predictions with this machine: memory, in small pieces and in large ones."""
    _compare(run, "malloc_small", "malloc_large", "free_large")


@check("cost.stdio")
def test_stdio(run: Run) -> None:
    """Compare predictions with this machine: streams with a buffer and without."""
    _compare(run, "printf_pipe", "fflush", "unbuffered", "fopen")


def _compare(run: Run, *names: str) -> None:
    expected = "the number of system calls, as measured on this machine"
    Predictions(run, "cost.toml").compare(
        names, lambda name: (_measured(run, name), [_watch(name)]), expected
    )


def _watch(name: str) -> Evidence:
    place = PROGRAM.relative_to(paths.ROOT)
    build = f"gcc -O1 -o build/cost {place}"
    return Evidence("note", f"watch it happen: {build} && strace build/cost {name}")


def _measured(run: Run, name: str) -> int:
    """Do it under strace; return how many system calls were made between the marks."""
    program = run.helper(PROGRAM)
    recording = record(run, program, ALL)
    with run.sandbox() as box:
        argv = recording.strace.argv()
        process = box.start(
            [program, name], limits=run.limits, wrap=argv, stdout=subprocess.DEVNULL
        )
        try:
            process.wait(run.limit(run.limits.time))
        except TimeLimit as limit:
            raise RuntimeError(f"cost {name}: {limit}") from limit
        process.kill()
    names = [call.name for call in recording.trace().calls()]
    first = names.index(MARK)
    return names.index(MARK, first + 1) - first - 1
