"""fork, wait and write fail, or do less than they were asked for."""

from __future__ import annotations

import os
import select
import signal
import socket
from typing import Mapping

from grader import Failed, Inconclusive, Run, check, paths
from grader.checks.processes.log import Log
from grader.checks.processes.monitor import Monitor, Stage, commands, stage
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
FAILED = 125
EVERYBODY = {-1: "every process that it may signal", 0: "its own group", 1: "the first process"}


@check("fault.sweep")
def test_faults(run: Run) -> None:
    """Let one fork, wait or write fail after the other; take half of each write; have no more processes."""
    if run.isolation == NONE:
        raise Inconclusive("without namespaces, a failing fork is too dangerous")
    with stage(run) as place:
        base = baseline(lambda: _empty_run(place, str(run.helper(paths.CHECKS / "empty.c"))))
        matrix = Matrix(tuple(_cells(place, base)))
        if matrix.failed:
            told = "\n".join(f"{c.call} {c.errno}: {c.evidence[0].text}" for c in matrix.failed[:3])
            expected = "EINTR: once more. No more processes: a message, every child told, status 125"
            raise Failed(
                told, expected=expected, evidence=matrix.evidence()[:5], share=matrix.share / 2
            )
        _no_more_processes(place, base)
        _short_writes(place)
    if not matrix.judged:
        raise Inconclusive("no fault could be injected")


def _cells(place: Stage, base: Mapping[str, int]) -> list[Cell]:
    """Return all runs of the sweep, judged."""
    clean, monitor = _played(place, ())
    trouble = monitor.log().trouble()
    if trouble:
        raise monitor.failed(trouble, "no fault, no trouble")
    pairs = [Pair(call, "EINTR", _by_procmon) for call in AGAIN]
    pairs += [Pair(call, errno) for call in FORKS for errno in ("EAGAIN", "ENOMEM")]
    return [_judged(place, cell) for cell in plan_sweep(clean, pairs, base, PLACES)]


def _by_procmon(trace: Trace, call: object) -> bool:
    """Fair in procmon itself; its commands make calls of these names nowhere."""
    return trace.start is not None and getattr(call, "pid", 0) == trace.start.pid


def _empty_run(place: Stage, program: str) -> Trace:
    recording = record(place.run, paths.CHECKS / program, TRACED)
    process = place.box.start([program], wrap=recording.strace.argv())
    process.wait(place.run.limit(3.0))
    process.kill()
    return recording.trace()


def _played(place: Stage, faults: tuple[Fault, ...]) -> tuple[Trace, Monitor]:
    """Run three short commands with a fault in procmon."""
    recording = record(place.run, place.run.program(), TRACED, faults=faults)
    plans = (f"exit={status}" for status in STATUSES)
    monitor = place.start(commands(place.run, *plans), wrap=recording.strace.argv())
    monitor.ended()
    trace = recording.trace()
    struck = trace.injected()
    monitor.extra.extend(recording.exhibit(struck[:1]) if struck else [])
    return trace, monitor


def _judged(place: Stage, cell: Cell) -> Cell:
    try:
        trace, monitor = _played(place, (cell.fault,))
        trouble = _trouble(monitor, may_fail=cell.call in FORKS)
    except Failed as failure:
        place.box.end_programs()
        shown = [Evidence("note", failure.observed), *failure.evidence]
        return Cell(cell.call, cell.errno, cell.n, cell.when, "failed", tuple(shown))
    return cell.judged(trace, not trouble, [Evidence("note", trouble), *_shown(monitor)])


def _shown(monitor: Monitor) -> list[Evidence]:
    return [*monitor.extra, Evidence("output", monitor.log().text[:2000])]


def _trouble(monitor: Monitor, may_fail: bool) -> str:
    """Return what is wrong with a run; may_fail: procmon may give up, with a message and 125."""
    log, ending = monitor.log(), monitor.ended()
    if may_fail and ending.code == FAILED and log.others and not log.children:
        return ""  # nothing was begun
    trouble = log.trouble()
    if trouble:
        return trouble
    if log.ends == [f"exited status={s}" for s in STATUSES] and ending.code == STATUSES[-1]:
        return ""
    if not may_fail:
        return f"{ending}; ends told: {', '.join(log.ends)}"
    if ending.code != FAILED or not log.others:
        said = "a message" if log.others else "no message"
        return f"a fork failed: {ending}, {said}"
    return ""


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
    try:
        monitor.ended()
    except Failed as failure:
        failure.expected = expected
        raise
    for call in recording.trace().calls("kill"):
        if call.arg(0).value in EVERYBODY:
            observed = f"fork failed, and later a signal goes to {EVERYBODY[call.arg(0).value or 0]}"
            raise monitor.failed(observed, expected, recording.exhibit([call]))
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
    while select.select([ours], [], [], seconds)[0]:
        chunk = os.read(ours.fileno(), 65536)
        if not chunk:
            break
        data += chunk
    return data.decode("utf-8", "replace")
