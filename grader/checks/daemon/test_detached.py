"""Is it a daemon? What /proc says of the process that stays, and the calls that made it so."""

from __future__ import annotations

from grader.checks.daemon.detachment import PROBES, STEPS, wrongs
from grader.checks.daemon.house import TREE, house
from grader.checks.daemon.service import Service
from grader.outcome import Failed, check
from grader.recording import record
from grader.run import Run


@check("detached")
def test_detached(run: Run) -> None:
    """Start it from a terminal, with open files and an odd umask, and look at what is left of these in the
    service: session, terminal, parent, folder, umask, descriptors."""
    program, caller = run.program(), run.helper(PROBES / "caller.c")
    with house(run) as home:
        recording = record(run, program, STEPS, stacks=True)
        started = home.start("-d", TREE, wrap=recording.strace.argv(), program=[caller, program])
        service = Service(home, started).settled()
        found = wrongs(home, service.daemon, started.pid)
        home.end_all()
        started.kill()
        if found:
            trace = recording.trace()
            calls = trace.calls(*found[0].calls)
            raise Failed(
                "; ".join(wrong.observed for wrong in found),
                expected=found[0].expected,
                evidence=recording.exhibit(calls[:8], found[0].missing if not calls else ""),
            )
