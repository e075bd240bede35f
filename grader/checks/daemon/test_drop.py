"""Root is given up: in the right order, checked, for good."""

from __future__ import annotations

from dataclasses import replace

from grader.checks.daemon.dropping import (
    DROPS,
    IN_RANGE,
    RIGHTS,
    disorder,
    first_input,
    kept_by,
    pretended,
    used,
)
from grader.checks.daemon.house import ROOM, TREE, House, house
from grader.checks.daemon.service import note, wait_caller
from grader.outcome import Failed, check
from grader.recording import Recording, record
from grader.run import Run
from grader.strace.ask import Trace
from grader.strace.faults import Fault

CALLS = frozenset((*DROPS, "read", "inotify_add_watch", "capset", "prctl"))
ARGUMENTS = ("-d", TREE, "-u", "nobody")


@check("drop.order")
def test_order(run: Run) -> None:
    """Start it as root with -u nobody. All changes of IDs are made to succeed, then one after the other to fail."""
    with house(run) as home:
        recording, trace = _start(run, home, pretended())
        found = disorder(trace)
        if found:
            raise Failed(
                found.observed,
                expected=found.expected,
                evidence=recording.exhibit(found.calls, "" if found.calls else "no such call"),
            )
        _before_input(recording, trace)
        for name in used(trace):
            _ends(run, home, name)


def _start(run: Run, home: House, faults: list[Fault]) -> tuple[Recording, Trace]:
    """Start it and, if it does, let it serve an event; what it did."""
    recording = record(run, run.program(), CALLS, stacks=True, faults=faults)
    caller = home.start(*ARGUMENTS, wrap=recording.strace.argv(), rights=RIGHTS)
    end = wait_caller(home, caller)
    if end.code == 0:  # one that verifies has seen that nothing has changed, and has stopped
        home.synchronise()
    home.end_all()
    caller.kill()
    return recording, recording.trace()


def _before_input(recording: Recording, trace: Trace) -> None:
    read, drops = first_input(trace), trace.calls(*DROPS)
    if read is not None and drops and read.index < drops[-1].index:
        raise Failed(
            "it reads events as root",
            expected="root is given up before the first read of what others have made",
            evidence=recording.exhibit([read, drops[-1]]),
        )


def _ends(run: Run, home: House, name: str) -> None:
    """Raise Failed unless the program ends when this call fails."""
    recording = record(run, run.program(), CALLS, stacks=True, faults=pretended(name))
    caller = home.start(*ARGUMENTS, wrap=recording.strace.argv(), rights=RIGHTS)
    end, said = wait_caller(home, caller), caller.stderr_text().strip()
    gone = home.empty()
    home.end_all()
    caller.kill()
    if end.code in (0, None) or not gone or not said:
        calls = recording.trace().calls(*DROPS)
        raise Failed(
            f"{name} fails, and the program goes on: {end}, message {said!r}",
            expected="a failed drop ends the program, with a message",
            evidence=recording.exhibit(calls[:6]),
        )


@check("drop.real")
def test_real(run: Run) -> None:
    """Start it as root of a sandbox with many users, in groups root and 4, 5; the kernel tells what it has kept
    when it runs as nobody."""
    room = replace(ROOM, user=None, id_range=run.job.id_range)
    with house(run, room) as home:
        service = home.begin(*ARGUMENTS, rights=IN_RANGE)
        home.synchronise()
        found = kept_by(service.daemon)
        if found:
            raise Failed(
                "; ".join(wrong.observed for wrong in found),
                expected=found[0].expected,
                evidence=note("from /proc/PID/status of the service"),
            )
        service.terminate()
