"""The fault sweep: one system call fails; the service does not start and says so, or serves in full."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Sequence

from grader import paths
from grader.checks.daemon.fair import CALLS, pairs_of_sweep
from grader.checks.daemon.house import TREE, House, house
from grader.checks.daemon.service import END, wait_caller
from grader.checks.daemon.starved import FEW, FORKS, before_main
from grader.escaped import Escaped
from grader.limits import Limits
from grader.outcome import Failed, Inconclusive, check
from grader.process import Process
from grader.recording import record
from grader.result import Evidence
from grader.run import Run
from grader.strace.ask import Trace
from grader.strace.faults import Fault, struck
from grader.strace.sweep import FAILED, SURVIVED, UNREACHED, Cell, Matrix, plan_sweep

BY_LIMIT = ("fork", "setsid")  # cells that no fault in a plan stands for
PLACES = 2
SIDE_BY_SIDE = 3


@check("fault.sweep")
def test_faults(run: Run) -> None:
    """Fail one fork, setsid, open, lock, inotify call, read or write after the other: the service does not start
    and says so, or it serves."""
    empty = run.helper(paths.CHECKS / "empty.c")
    sweep = Sweep(run)
    clean, story = sweep.play(None)
    if story:
        raise Failed(story, expected="it serves, without any fault")
    with house(run) as home:
        base = before_main(home, empty, CALLS)
    cells = plan_sweep(clean, pairs_of_sweep(), base, PLACES)
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        judged = [*pool.map(sweep.judged, cells), *pool.map(sweep.starved, FEW)]
    matrix = Matrix((*judged, sweep.without_session()))
    if not matrix.judged:
        raise Inconclusive("no fault could be injected")
    if matrix.failed:
        raise sweep.failure(matrix)


def _session(process: Escaped) -> int:
    return int((process.stat() or ["X", "0", "0", "0"])[3])


def _verdict(cell: Cell, story: str) -> Cell:
    if not story:
        return replace(cell, verdict=SURVIVED)
    return replace(cell, verdict=FAILED, evidence=(Evidence("note", story),))


class Sweep:
    """Runs the same short service again and again, each time with another fault."""

    def __init__(self, run: Run):
        self._run = run
        self._program = run.program()

    def play(
        self,
        cell: Cell | None,
        stacks: bool = False,
        faults: Sequence[Fault] = (),
        limits: Limits | None = None,
    ) -> tuple[Trace, str]:
        """Run it once; what it did, and what was wrong with it."""
        faults = [cell.fault] if cell else faults
        recording = record(self._run, self._program, CALLS, stacks, faults, strings=64)
        with house(self._run) as home:
            caller = home.start("-d", TREE, wrap=recording.strace.argv(), limits=limits)
            try:
                end = wait_caller(home, caller)
                story = self._served(home, caller) if end.code == 0 else ""
                if end.code != 0 and not caller.stderr_text().strip():
                    story = f"the caller ends with {end} and without a message"
                elif end.code != 0 and not (faults or limits):
                    story = f"the caller ends with {end}"
                elif end.code != 0 and not home.empty():
                    story = f"the caller ends with {end}, and a process stays behind"
            except Failed as failure:
                story = failure.observed
            home.end_all()
            caller.kill()
        return recording.trace(), story

    def _served(self, home: House, caller: Process) -> str:
        """Let it serve two events, one of them in a new folder, and end; what was wrong."""
        found = home.left()
        if not found or found[0].ended(0.05):
            return "the caller says that it serves, and no process is left"
        daemon = found[0]
        if _session(daemon) in (
            daemon.pid,
            caller.pid,
            os.getsid(0),
        ):  # ours: setsid of gate failed too
            return "half a daemon serves: in the session of its caller, or as leader of its own"
        for step in ("start", "new folder", "SIGHUP"):
            if step == "new folder":
                home.path(f"{TREE}/new").mkdir()
            elif step == "SIGHUP":
                daemon.signal(signal.SIGHUP)
            if not home.awake(daemon):
                return f"{step}: it ends" if daemon.ended() else f"{step}: events have no lines"
        daemon.signal(signal.SIGTERM)
        return "" if daemon.ended(self._run.limit(END)) else "it does not end after SIGTERM"

    def judged(self, cell: Cell) -> Cell:
        """Run one cell."""
        trace, story = self.play(cell)
        return cell.judged(trace, not story, [Evidence("note", story)])

    def starved(self, processes: int) -> Cell:
        """Let it have so few processes that one of its forks fails."""
        cell = Cell("fork", "EAGAIN", processes, processes)
        limits = replace(self._run.limits, processes=processes)
        trace, story = self.play(None, limits=limits)
        if not any(call.errno == "EAGAIN" for call in trace.calls(*FORKS)):
            return replace(cell, verdict=UNREACHED)
        return _verdict(cell, story)

    def without_session(self) -> Cell:
        """Fail every setsid: the launcher's as well, which does not mind."""
        cell = Cell("setsid", "EPERM", 1, 1)
        fault = Fault("setsid", "EPERM", when="1+")
        trace, story = self.play(None, faults=[fault])
        return (
            _verdict(cell, story) if trace.injected("setsid") else replace(cell, verdict=UNREACHED)
        )

    def failure(self, matrix: Matrix) -> Failed:
        """Return what to raise; the first cell is run again for the stack of the call that was struck."""
        first = next((cell for cell in matrix.failed if cell.call not in BY_LIMIT), None)
        trace, _ = self.play(first, stacks=True)
        hit = struck(trace)[1] if first else ()
        after = [call for call in trace.calls() if hit and call.index > hit[-1].index]
        exhibits = [self._run.exhibit(calls, self._program) for calls in (hit, after[:4]) if calls]
        return Failed(
            matrix.told(),
            expected="it serves in full, or does not start: status 1, a message, and nothing is left",
            evidence=[Evidence("matrix", matrix.text()), *exhibits],
            share=matrix.share,
        )
