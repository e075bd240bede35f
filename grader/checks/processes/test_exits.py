"""Drill `exits`: the student predicts what is still written when a process ends; this machine measures it."""

from __future__ import annotations

import os
import pty
from pathlib import Path

from grader import paths
from grader.outcome import check
from grader.poll import ready_to_read
from grader.prediction import Predictions
from grader.process import TimeLimit
from grader.result import Evidence
from grader.run import Run

PROGRAM = Path(__file__).parent / "exits" / "exits.c"
MOST = 4096  # bytes that are read


@check("exits.buffers")
def test_buffers(run: Run) -> None:
    """Compare predictions with this machine: text that stdio holds while a process is doubled, or ends."""
    names = "both_exit child_leaves flushed newline newline_terminal written child_executes aborted"
    _compare(run, *names.split())


@check("exits.handlers")
def test_handlers(run: Run) -> None:
    """Compare predictions with this machine: functions that atexit has registered."""
    _compare(run, "order", "registered", "killed")


@check("exits.status")
def test_status(run: Run) -> None:
    """Compare predictions with this machine: what is left of an exit status."""
    _compare(run, "thousand", "minus_one")


def _compare(run: Run, *names: str) -> None:
    Predictions(run, "exits.toml").compare(
        names, lambda name: (_measured(run, name), [_watch(name)]), "what this machine writes"
    )


def _watch(name: str) -> Evidence:
    place = PROGRAM.relative_to(paths.ROOT)
    look = f"strace -f -e trace=write,exit_group build/exits {name} | cat"
    return Evidence("note", f"watch it happen: gcc -O1 -o build/exits {place} && {look}")


def _measured(run: Run, name: str) -> int:
    """Do it; return how many x were written, or the number if there is none."""
    program = run.helper(PROGRAM)  # before the sandbox, which shows what is there then
    reader, writer = pty.openpty() if name.endswith("_terminal") else os.pipe()
    try:
        with run.sandbox() as box:
            process = box.start([program, name], limits=run.limits, stdout=writer)
            process.wait(run.limit(run.limits.time))
            process.kill()
        text = _read(reader)
    except TimeLimit as limit:
        raise RuntimeError(f"exits {name}: {limit}") from limit
    finally:
        os.close(reader)
        os.close(writer)
    return int(text) if text.isdigit() else text.count(b"x")


def _read(descriptor: int) -> bytes:
    """What is there to read: the end for writing is open here, so there is no end-of-file."""
    data = b""
    while ready_to_read(descriptor, 0) and len(data) < MOST:
        data += os.read(descriptor, MOST)
    return data
