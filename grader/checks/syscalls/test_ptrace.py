"""The engine of the student's own on ptrace(2): right, faithful to signals, unmoved by deaths, and fast."""

from __future__ import annotations

import os
import signal
import time
from contextlib import contextmanager
from typing import Iterator

from grader.checks.syscalls.inspection import typed
from grader.checks.syscalls.inspector import STEP, Bench, bench
from grader.checks.syscalls.judged import (
    expect_counts,
    expect_ended_well,
    expect_errors,
    expect_listing,
    inspected,
)
from grader.checks.syscalls.table import read_table
from grader.checks.syscalls.test_list import MARKER, expect_crowd, order_steps
from grader.checks.syscalls.test_table import counted_steps, signal_steps
from grader.ledger import processes_in
from grader.outcome import Failed, check
from grader.poll import ready_to_read
from grader.process import Process
from grader.result import Evidence
from grader.run import Run

ENGINE = "ptrace"
POKE = 0.02  # seconds between two SIGCONT to a command that may have stopped


@check("ptrace.engine")
def test_engine(run: Run) -> None:
    """Put the same commands to engine ptrace, without strace in reach; send signals, kill and stop the command."""
    trials = (_counts, _signals, _order, _crowd, _beyond, _without_strace, _killed, _stopped)
    failures = []
    for trial in trials:
        with bench(run, "probe", "crowd") as place:
            try:
                trial(place)
            except Failed as failure:
                failures.append(failure)
    if failures:
        failures[0].share = 1 - len(failures) / len(trials)
        raise failures[0]


def _counts(place: Bench) -> None:
    found, calls = inspected(place, ENGINE, [], "probe", *counted_steps(place.run))
    expect_counts(found, calls)
    expect_errors(found, calls)


def _signals(place: Bench) -> None:
    """Every signal reaches its handler, and none makes the engine take an entry for an exit."""
    steps = [*signal_steps(place.run), "usr1=2", "enoent=5", "handled=0"]
    found, calls = inspected(place, ENGINE, [], "probe", *steps)
    expect_counts(found, calls)
    expect_errors(found, calls)
    sent = sum(int(step.partition("=")[2]) for step in steps if step.startswith(("usr1", "alarm")))
    if found.stdout != f"handled={sent}\n".encode():
        observed = f"{sent} signals were sent to the command, it says {found.stdout!r}"
        evidence = [Evidence("note", found.words)]
        raise Failed(observed, expected="the command gets every signal", evidence=evidence)


def _order(place: Bench) -> None:
    found, calls = inspected(place, ENGINE, ["-l"], "probe", *order_steps(place.run))
    expect_listing(found, calls, MARKER)


def _crowd(place: Bench) -> None:
    expect_crowd(place, ENGINE)


def _beyond(place: Bench) -> None:
    """Numbers that no kernel knows: they are counted, under whatever name."""
    number = place.run.random.randint(2_000, 2_000_000)
    steps = ["getppid=9", f"beyond={number}", "beyond=600", "beyond=1000000000", "getpgid=4"]
    found, calls = inspected(place, ENGINE, [], "probe", *steps)
    named = [call.name for call in calls if not call.name.startswith("syscall_")]
    expect_counts(found, calls, named)
    if found.table.total is None or found.table.total.calls != len(calls):
        observed = f"{len(calls)} calls were made, 3 of them with numbers that no kernel knows"
        expected = f"total: {len(calls)} calls"
        raise Failed(observed, expected=expected, evidence=found.exhibits())


def _without_strace(place: Bench) -> None:
    nowhere = {"PATH": "/nonexistent"}
    found = place.inspect("-e", ENGINE, place.probe("probe"), "getppid=17", env=nowhere)
    expect_ended_well(found)
    if found.table.row("getppid").calls != 17:
        observed = "without strace in PATH the table is not right"
        raise Failed(observed, expected="this engine needs no strace", evidence=found.exhibits())


def _killed(place: Bench) -> None:
    """SIGKILL from outside: in a call that waits, and at any moment."""
    for step in ("ready=0", "spin=0"):
        with _started(place, "getpgid=3", step) as (process, argv):
            os.kill(_command(place, process), signal.SIGKILL)
            _expect_end(place, process, argv, 137)


def _stopped(place: Bench) -> None:
    """Somebody stops the command and lets it go on, as ^Z and fg do."""
    argv = _argv(place, "getpgid=3", "stop=1", "getpgid=4")
    process = place.start(argv)
    end = time.monotonic() + place.run.limit(STEP)
    while not process.ended(POKE) and time.monotonic() < end:
        for pid in _commands(place, process):
            os.kill(pid, signal.SIGCONT)
    _expect_end(place, process, argv, 0, 7)


def _argv(place: Bench, *steps: str) -> list[object]:
    report = place.folder / "report"
    return [place.run.program(), "-e", ENGINE, "-o", report, place.probe("probe"), *steps]


@contextmanager
def _started(place: Bench, *steps: str) -> Iterator[tuple[Process, list[object]]]:
    """Start an inspection; the command, which says that it is ready, waits for input that never comes."""
    argv = _argv(place, *steps)
    stdin, hold = os.pipe()
    read_end, write_end = os.pipe()
    try:
        process = place.start(argv, stdin=stdin, stdout=write_end)
        if not ready_to_read(read_end, place.run.limit(STEP)):
            raise Failed(f"{typed(argv)}\nthe command did not get going", evidence=_seen(place))
        yield process, argv
    finally:
        for descriptor in (stdin, hold, read_end, write_end):
            os.close(descriptor)


def _commands(place: Bench, process: Process) -> list[int]:
    """The processes of the sandbox that run the probe."""
    probe = str(place.probe("probe"))
    pids = processes_in(place.box.holder or process.pid)
    return [pid for pid in pids if _program(pid) == probe]


def _program(pid: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/exe")
    except OSError:
        return ""


def _command(place: Bench, process: Process) -> int:
    found = _commands(place, process)
    if not found:
        raise Failed("the command is gone before its end", evidence=_seen(place))
    return found[0]


def _expect_end(
    place: Bench, process: Process, argv: list[object], code: int, calls: int = 3
) -> None:
    ending = place.ended(process, argv)
    report = place.folder / "report"
    table = read_table(report.read_text("utf-8", "replace") if report.exists() else "")
    evidence = [Evidence("note", typed(argv)), Evidence("output", table.text or "no table")]
    if ending.code != code:
        observed = f"the inspector ended with {ending}"
        raise Failed(observed, expected=f"exit status {code}", evidence=evidence)
    if table.row("getpgid").calls != calls or table.total is None:
        observed = f"{table.row('getpgid').calls} getpgid in the table, {calls} were made"
        raise Failed(observed, expected="the table as ever", evidence=evidence)


def _seen(place: Bench) -> list[Evidence]:
    return [place.inhabitants()]
