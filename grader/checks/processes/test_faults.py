"""fork, wait and write fail, or do less than they were asked for."""

from __future__ import annotations

import os
import signal
import socket
from dataclasses import replace
from typing import Mapping

from grader import Failed, Inconclusive, Run, check, paths
from grader.checks.processes.log import Log
from grader.checks.processes.monitor import Monitor, Stage, commands, stage
from grader.outcome import TIME_LIMIT
from grader.poll import ready_to_read
from grader.recording import record
from grader.result import Evidence
from grader.sandbox import NONE
from grader.strace.ask import Trace
from grader.strace.faults import Fault, baseline
from grader.strace.sweep import Cell, Matrix, Pair, plan_sweep

AGAIN = ("wait4", "waitid", "write", "writev")  # EINTR: done once more
FORKS = ("clone", "fork", "vfork")  # EAGAIN, ENOMEM: a message and status 125
TRACED = frozenset((*AGAIN, *FORKS, "kill", "tgkill", "tkill", "pidfd_send_signal"))
PLACES = 3
STATUSES = (1, 2, 3)
MOST_HANGS = 2  # runs without an end, after which no others are tried
HANGS = 1.0  # seconds for what takes some milliseconds
FAILED = 125
EVERYBODY = {-1: "every process that it may signal", 0: "its own group", 1: "the first process"}


@check("fault.sweep")
def test_faults(run: Run) -> None:
    """Let one fork, wait or write fail after the other; take half of each write; have no more processes."""
    if run.isolation == NONE:
        raise Inconclusive("without namespaces, a failing fork is too dangerous")
    with stage(run) as place:
        base = baseline(lambda: _empty_run(place, str(run.helper(paths.CHECKS / "empty.c"))))
        _no_more_processes(place, base)
        again = [Pair(call, "EINTR", _by_procmon) for call in AGAIN]
        forks = [Pair(call, errno, _by_procmon) for call in FORKS for errno in ("EAGAIN", "ENOMEM")]
        cells = [*Sweep(place, STATUSES[:1]).cells(again, base)]
        cells += Sweep(place, STATUSES).cells(forks, base)
        matrix = Matrix(tuple(cells))
        if matrix.failed:
            expected = (
                "EINTR: once more. No more processes: a message, every child told, status 125"
            )
            shown = matrix.evidence()[:5]
            raise Failed(matrix.told(3), expected=expected, evidence=shown, share=matrix.share / 2)
        _short_writes(place)
    if not matrix.judged:
        raise Inconclusive("no fault could be injected")


class Sweep:
    """Runs the same commands again and again, each time with another fault in procmon itself."""

    def __init__(self, place: Stage, statuses: tuple[int, ...]):
        self._place = place
        self._statuses = statuses
        self._hung = 0

    def cells(self, pairs: list[Pair], base: Mapping[str, int]) -> list[Cell]:
        """Return all runs, judged; those after some that hang are left out."""
        clean, monitor = self._played(())
        trouble = monitor.log().trouble()
        if trouble:
            raise monitor.failed(trouble, "no fault, no trouble")
        plan = plan_sweep(clean, pairs, base, PLACES)
        return [self._judged(cell) if self._hung < MOST_HANGS else cell for cell in plan]

    def _played(self, faults: tuple[Fault, ...]) -> tuple[Trace, Monitor]:
        run = self._place.run
        recording = record(run, run.program(), TRACED, faults=faults)
        plans = (f"exit={status}" for status in self._statuses)
        monitor = self._place.start(commands(run, *plans), wrap=recording.strace.argv())
        monitor.ended(HANGS)
        trace = recording.trace()
        struck = trace.injected()
        monitor.extra.extend(recording.exhibit(struck[:1]) if struck else [])
        return trace, monitor

    def _judged(self, cell: Cell) -> Cell:
        try:
            trace, monitor = self._played((cell.fault,))
        except Failed as failure:
            self._hung += 1
            self._place.box.end_programs()
            shown = (Evidence("note", failure.observed), *failure.evidence)
            return replace(cell, verdict="failed", evidence=shown)
        trouble = self._trouble(monitor, cell.call in FORKS)
        shown = (*monitor.extra, Evidence("output", monitor.log().text[:2000]))
        return cell.judged(trace, not trouble, [Evidence("note", trouble), *shown])

    def _trouble(self, monitor: Monitor, may_fail: bool) -> str:
        """Return what is wrong with a run; may_fail: procmon may give up, with a message and 125."""
        log, ending = monitor.log(), monitor.ended()
        if may_fail and ending.code == FAILED and log.others and not log.children:
            return ""  # nothing was begun
        trouble = log.trouble()
        if trouble:
            return trouble
        ends = [f"exited status={status}" for status in self._statuses]
        if log.ends == ends and ending.code == self._statuses[-1]:
            return ""
        if not may_fail:
            return f"{ending}; ends told: {', '.join(log.ends)}"
        if ending.code != FAILED or not log.others:
            said = "a message" if log.others else "no message"
            return f"a fork failed: {ending}, {said}"
        return ""


def _by_procmon(trace: Trace, call: object) -> bool:
    """Fair in procmon itself; its commands make calls of these names nowhere."""
    return trace.start is not None and getattr(call, "pid", 0) == trace.start.pid


def _empty_run(place: Stage, program: str) -> Trace:
    recording = record(place.run, paths.CHECKS / program, TRACED)
    process = place.box.start([program], wrap=recording.strace.argv())
    process.wait(place.run.limit(3.0))
    process.kill()
    return recording.trace()


def _no_more_processes(place: Stage, base: Mapping[str, int]) -> None:
    """From the third on every fork fails; then comes SIGTERM. Nobody but the children may feel it."""
    run = place.run
    faults = [Fault(name, "EAGAIN", when="3+").after(base) for name in FORKS]
    recording = record(run, run.program(), TRACED, faults=faults)
    words = commands(run, *("say pause" for _ in range(4)))
    monitor = place.start(words, wrap=recording.strace.argv())
    monitor.process.until(lambda: _given_up(monitor.log(), monitor.said()), run.limit(2.0))
    monitor.process.signal(signal.SIGTERM)
    expected = "a fork that failed is told of; no signal goes to child -1, which means everybody"
    ended = monitor.process.ended(run.limit(HANGS))
    monitor.process.kill()  # if need be: the trace is whole then
    for call in recording.trace().calls("kill"):
        if call.arg(0).value in EVERYBODY:
            observed = (
                f"fork failed, and later a signal goes to {EVERYBODY[call.arg(0).value or 0]}"
            )
            raise monitor.failed(observed, expected, recording.exhibit([call]))
    if not ended:
        raise monitor.failed("after SIGTERM it runs on", expected, reason=TIME_LIMIT)
    trouble = monitor.log().trouble()
    if trouble or monitor.ended().code not in (FAILED, 128 + signal.SIGTERM):
        observed = trouble or f"it ended with {monitor.ended()}"
        raise monitor.failed(observed, expected)
    monitor.expect_nobody()


def _given_up(log: Log, said: list[str]) -> bool:
    return len(log.others) > 0 and len(said) == len(log.children)


def _short_writes(place: Stage) -> None:
    """stderr is a stream socket that takes half of each write: the lines are whole nevertheless."""
    run = place.run
    report = run.scratch("short")
    tool = [str(paths.tool("shortio")), "-m", "write", "-p", str(run.program())]
    ours, theirs = socket.socketpair()
    with ours, theirs:
        plans = (f"exit={status}" for status in STATUSES)
        monitor = place.start(
            commands(run, *plans), wrap=[*tool, "-o", str(report), "--"], stderr=theirs.fileno()
        )
        theirs.close()
        text = _received(ours, run.limit(3.0))
        ending = monitor.ended()
    trouble = Log(text).trouble()
    shown = [Evidence("output", text), Evidence("note", report.read_text("utf-8")[:600])]
    if trouble or ending.code != STATUSES[-1]:
        observed = f"each write takes half of what it is offered: {trouble or ending}"
        raise Failed(observed, expected="what write did not take is written next", evidence=shown)


def _received(ours: socket.socket, seconds: float) -> str:
    data = b""
    while ready_to_read(ours, seconds):
        chunk = os.read(ours.fileno(), 65536)
        if not chunk:
            break
        data += chunk
    return data.decode("utf-8", "replace")
