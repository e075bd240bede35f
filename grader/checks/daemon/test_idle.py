"""What it costs while nothing happens."""

from __future__ import annotations

import time

from grader.checks.daemon.house import TREE, house
from grader.ledger import cpu_seconds
from grader.outcome import Failed, check
from grader.recording import record
from grader.run import Run
from grader.strace.run import ALL

WINDOW = 1.0  # seconds
CALLS = 4  # that a service may make in it
CPU = 0.05  # seconds


@check("idle")
def test_idle(run: Run) -> None:
    """Watch it for a second in which nothing happens; LOG itself is in one of the folders that it watches."""
    with house(run) as home:
        recording = record(run, run.program(), ALL)
        service = home.begin("-d", TREE, "-d", "/var/log", wrap=recording.strace.argv())
        home.synchronise()
        daemon = service.daemon
        home.until(daemon.ended, 0.1)  # what it still has to do
        began, before = time.time(), cpu_seconds(daemon.pid)
        daemon.ended(WINDOW)
        used, ended = cpu_seconds(daemon.pid) - before, time.time()
        home.end_all()
        service.caller.kill()
        calls = recording.trace().between(began, ended).calls()
        if len(calls) > CALLS or used > CPU:
            raise Failed(
                f"{len(calls)} system calls and {used:.2f} s of CPU in a second without events",
                expected="it sleeps until something happens",
                evidence=recording.exhibit(calls[:6]),
            )
