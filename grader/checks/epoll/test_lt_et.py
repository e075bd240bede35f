"""Drill `lt_et`: the student predicts how often epoll_wait reports an event; this machine measures it."""

from __future__ import annotations

from pathlib import Path

from grader import paths
from grader.outcome import check
from grader.prediction import Predictions
from grader.process import TimeLimit
from grader.recording import record
from grader.result import Evidence
from grader.run import Run

PROGRAM = Path(__file__).parent / "lt_et" / "lt_et.c"
MODES = ("lt", "et")
WAITS = ("epoll_wait", "epoll_pwait")


@check("lt_et.reading")
def test_reading(run: Run) -> None:
    """Compare predictions with this machine: data that is not read, or not all of it."""
    _compare(run, "unread", "partial")


@check("lt_et.arriving")
def test_arriving(run: Run) -> None:
    """Compare predictions with this machine: more data arrives, and everything is read."""
    _compare(run, "again", "drained")


@check("lt_et.peers")
def test_peers(run: Run) -> None:
    """Compare predictions with this machine: clients that wait to be accepted, and one that hangs up."""
    _compare(run, "listener", "hangup")


@check("lt_et.changing")
def test_changing(run: Run) -> None:
    """Compare predictions with this machine: a full socket buffer, and EPOLL_CTL_MOD."""
    _compare(run, "full", "rearm")


def _compare(run: Run, *sequences: str) -> None:
    """Raise Failed unless every prediction of these sequences is what is measured."""
    names = [f"{sequence}.{mode}" for sequence in sequences for mode in MODES]
    expected = "the number of waits that report an event, as measured on this machine"
    Predictions(run, "lt_et.toml").compare(
        names, lambda name: (_measured(run, *name.split(".")), [_watch(*name.split("."))]), expected
    )


def _watch(sequence: str, mode: str) -> Evidence:
    build = f"gcc -o build/lt_et {PROGRAM.relative_to(paths.ROOT)}"
    command = f"strace -e trace=epoll_ctl,epoll_wait build/lt_et {sequence} {mode}"
    return Evidence("note", f"watch it happen: {build} && {command}")


def _measured(run: Run, sequence: str, mode: str) -> int:
    """Do the sequence under strace; return how many waits reported an event."""
    program = run.helper(PROGRAM)
    recording = record(run, program, WAITS)
    with run.sandbox() as box:
        argv = recording.strace.argv()
        process = box.start([program, sequence, mode], limits=run.limits, wrap=argv)
        try:
            process.wait(run.limit(run.limits.time))
        except TimeLimit as limit:
            raise RuntimeError(f"lt_et {sequence} {mode}: {limit}") from limit
        process.kill()
    return sum((call.result or 0) > 0 for call in recording.trace().calls(*WAITS))
