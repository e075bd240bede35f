"""The fault sweep: one system call of the server goes wrong; everybody else must be served."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Sequence

from grader import paths
from grader.checks.epoll.server import launch
from grader.checks.epoll.session import Session
from grader.outcome import Failed, Inconclusive, check
from grader.result import Evidence
from grader.recording import record
from grader.run import Run
from grader.sandbox import Sandbox
from grader.strace.ask import ACCEPTS, Trace
from grader.strace.call import Call
from grader.strace.faults import Fault, adds_connection, baseline, on_connection, struck
from grader.strace.sweep import FAILED, SURVIVED, UNREACHED, Cell, Matrix, Pair, plan_sweep

WAITS = ("epoll_wait", "epoll_pwait", "epoll_pwait2")
READS = ("read", "recv", "recvfrom", "recvmsg", "readv")
WRITES = ("write", "send", "sendto", "sendmsg", "writev")
CONTEXT = ("socket", "listen", "close", "shutdown", "epoll_create1", "epoll_create", "epoll_ctl")
CALLS = frozenset((*ACCEPTS, *WAITS, *READS, *WRITES, *CONTEXT))
FULL = ("EMFILE", "ENFILE", "ENOBUFS")
FATAL = ("ECONNRESET", "ENOMEM", "ENOSPC")  # the connection in question may be given up
MATRIX_WIDTH = 64  # columns that a report leaves for it
PLACES = 2  # where each pair strikes: the first call and another


def _beside_others(trace: Trace, call: Call) -> bool:
    """Being out of descriptors is fair while connections are open: their end frees some."""
    return any(each.begin < call.index and each.open_at(call.index) for each in trace.connections())


def _level_triggered(trace: Trace, call: Call) -> bool:
    """EAGAIN is fair on a connection whose readiness epoll tells again and again."""
    descriptor = trace.descriptor(call)
    if descriptor is None or descriptor.kind != "connection":
        return False
    masks = [r.events for r in trace.registrations(descriptor) if r.active_at(call.index)]
    return bool(masks) and not any("EPOLLET" in mask for mask in masks)


def _pairs() -> list[Pair]:
    """The fair pairs: what the man pages allow and a correct server survives."""
    pairs = [Pair(call, errno) for call in ACCEPTS for errno in ("ECONNABORTED", "EINTR")]
    pairs += [Pair(call, errno, _beside_others) for call in ACCEPTS for errno in FULL]
    pairs += [Pair(call, "EINTR") for call in WAITS]
    for call in (*READS, *WRITES):
        pairs += [Pair(call, errno, on_connection) for errno in ("EINTR", "ECONNRESET")]
    pairs += [Pair(call, "EAGAIN", _level_triggered) for call in READS]
    pairs += [Pair("epoll_ctl", errno, adds_connection) for errno in ("ENOMEM", "ENOSPC")]
    return pairs


@check("fault.sweep")
def test_faults(run: Run) -> None:
    """Fail one accept, wait, read, write or epoll_ctl after the other, and cut reads and writes short."""
    run.program()
    empty = run.helper(paths.CHECKS / "empty.c")
    with run.sandbox() as box:
        sweep = Sweep(run, box)
        clean, session = sweep.visit(())
        if not session.survived(0):
            raise Failed(session.story(), expected="all clients are served, without any fault")
        base = baseline(lambda: sweep.empty(empty))
        cells = plan_sweep(clean, _pairs(), base, PLACES)
        cells = [sweep.judged(cell) for cell in cells]
        cells += [sweep.shortened(which) for which in ("read", "write")]
    matrix = Matrix(tuple(cells))
    if not matrix.judged:
        raise Inconclusive("no fault could be injected")
    if matrix.failed:
        raise _failure(run, matrix)


def _failure(run: Run, matrix: Matrix) -> Failed:
    first = matrix.failed[0]
    evidence = [Evidence("matrix", matrix.text(MATRIX_WIDTH)), *first.evidence[1:]]
    expected = (
        "EINTR, EAGAIN and errors of accept lose nobody; any other error at most the connection "
        "that it hit; the server and all others live on"
    )
    return Failed(matrix.told(), expected=expected, evidence=evidence, share=matrix.share)


class Sweep:
    """Runs the same visit again and again, each time with another fault."""

    def __init__(self, run: Run, box: Sandbox):
        self._run = run
        self._box = box
        self._program = run.program()
        self._explained = False

    def visit(self, faults: Sequence[Fault], stacks: bool = False) -> tuple[Trace, Session]:
        """Let the clients visit a new server under strace with these faults; return what both did."""
        recording = record(self._run, self._program, CALLS, stacks, faults)
        session = self._play(recording.strace.argv())
        return recording.trace(), session

    def empty(self, program: Path) -> Trace:
        """Return what a program that does nothing asks of the kernel, started in the same way."""
        recording = record(self._run, program, CALLS)
        argv = recording.strace.argv()
        process = self._box.start([program], limits=self._run.limits, wrap=argv)
        process.wait(self._run.limit(5.0))
        process.kill()
        return recording.trace()

    def judged(self, cell: Cell) -> Cell:
        """Run one cell; the first that fails is run again for the stack of the call that was struck."""
        trace, session = self.visit((cell.fault,))
        _, hit = struck(trace, cell.fair)  # once for each thread that makes so many calls
        survived = session.survived(len(hit) if cell.errno in FATAL else 0)
        result = cell.judged(trace, survived, [Evidence("note", session.story())])
        if result.verdict == FAILED and not self._explained:
            self._explained = True
            result = replace(result, evidence=(*result.evidence, *self._explain(cell)))
        return result

    def _explain(self, cell: Cell) -> list[Evidence]:
        trace, _ = self.visit((cell.fault,), stacks=True)
        _, hit = struck(trace, cell.fair)
        after = [call for call in trace.calls() if hit and call.index > hit[-1].index]
        found = [self._run.exhibit(hit, self._program)] if hit else []
        return [*found, *([self._run.exhibit(after[:4], self._program)] if after else [])]

    def shortened(self, which: str) -> Cell:
        """Run the visit with every read or every write on a connection cut to half, truthfully."""
        report = self._run.scratch(f"short-{which}")
        argv = [
            str(paths.tool("shortio")),
            "-m",
            which,
            "-p",
            str(self._program),
            "-o",
            str(report),
            "--",
        ]
        session = self._play(argv)
        cut = re.match(r"shortened=(\d+)", report.read_text("utf-8")) if report.exists() else None
        cell = Cell(which, "short", 1, 1)
        if cut is None or cut[1] == "0":
            return replace(cell, verdict=UNREACHED)
        if session.survived(0):
            return replace(cell, verdict=SURVIVED)
        lines = "\n".join(report.read_text("utf-8").splitlines()[1:6])
        exhibits = (Evidence("note", session.story()), Evidence("trace", lines))
        return replace(cell, verdict=FAILED, evidence=exhibits)

    def _play(self, wrap: Sequence[str]) -> Session:
        """One visit; the server is gone afterwards and its trace is whole."""
        session = Session(self._run)
        try:
            session.play(launch(self._run, self._box, wrap=wrap))
        except Failed as failure:  # it does not even listen
            session.wrong.append(failure.observed)
        finally:
            self._box.end_programs()
        return session
