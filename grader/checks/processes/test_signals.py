"""SIGINT and SIGTERM to procmon: they are for its children, and it ends after them."""

from __future__ import annotations

import signal

from grader import Failed, Run, check
from grader.checks.processes.inmates import alive, children, state
from grader.checks.processes.late import late
from grader.checks.processes.monitor import Monitor, Stage, commands, stage
from grader.recording import Recording, record
from grader.result import Evidence
from grader.strace.call import Call
from grader.strace.faults import Fault
from grader.strace.trace import Events

GRACE = 2.0  # seconds that children have before SIGKILL
EARLY = 0.3  # seconds by which SIGKILL may come too early
KILLS = frozenset({"kill", "tgkill", "pidfd_send_signal"})
HELD_US = 150_000  # for which a call is held back
STUBBORN = f"ignore={int(signal.SIGINT)} ignore={int(signal.SIGTERM)} twin say pause pause"


@check("signals.forwarded")
def test_forwarded(run: Run) -> None:
    """Send SIGINT and SIGTERM: to groups, to a stopped child, to one that will not hear, at awkward moments."""
    with stage(run) as deaf, stage(run) as place:
        kills = record(run, run.program(), KILLS)
        stubborn = deaf.start(commands(run, STUBBORN), wrap=kills.strace.argv())
        stubborn.until(lambda: len(stubborn.said()) == 2, "two processes run in a group")
        stubborn.process.signal(signal.SIGTERM)
        for number in (signal.SIGINT, signal.SIGTERM):
            _to_groups(place, number)
        _to_a_stopped_child(place)
        _before_execve(place)
        _before_sleep(place)
        _killed_at_last(stubborn, kills)


def _obeyed(monitor: Monitor, number: int, count: int, limit: float, when: str) -> None:
    """Raise Failed unless all children die by this signal, and procmon tells so, within the time."""
    name = signal.Signals(number).name
    expected = f"{name} reaches every process of every group; then procmon ends with {128 + number}"
    try:
        log = monitor.finished(128 + number, limit)
    except Failed as failure:
        failure.observed += f"\n({name} was sent to procmon{when})"
        failure.expected = failure.expected or expected
        if "exit status" not in failure.expected:
            failure.expected = expected
        raise
    deaths = [f"killed signal={int(number)}"] * count
    if log.ends != deaths:
        ends = ", ".join(log.ends)
        raise monitor.failed(f"{name} was sent to procmon{when}; its children: {ends}", expected)
    monitor.expect_nobody()


def _to_groups(place: Stage, number: int) -> None:
    """Two groups, one of them with two processes."""
    monitor = place.start(commands(place.run, "twin say pause", "say pause"))
    monitor.until(lambda: len(monitor.said()) == 3, "three processes run in two groups")
    monitor.process.signal(number)
    _obeyed(monitor, number, 2, GRACE - EARLY, "")


def _to_a_stopped_child(place: Stage) -> None:
    """Who is stopped cannot obey before it is continued; that procmon tells of the stop, others check."""
    monitor = place.start(commands(place.run, "say stop pause"))
    pid = monitor.process.pid
    monitor.until(lambda: "T" in map(state, children(pid).values()), "the child is stopped")
    monitor.process.until(lambda: bool(monitor.log().events), place.run.limit(1.0))
    monitor.process.signal(signal.SIGTERM)
    _obeyed(monitor, signal.SIGTERM, 1, GRACE - EARLY, " while its child was stopped")


def _before_execve(place: Stage) -> None:
    """The signal comes between fork and execve: the child is nobody's copy any more, and not yet itself.

    It is held where it may let signals in, and again at execve.
    """
    run = place.run
    held = int(HELD_US * run.slowness)
    mask = Fault("rt_sigprocmask", delay_exit_us=held, when="1+")
    calls = {"kill", "rt_sigaction", "rt_sigprocmask"}
    faults = (mask, Fault("execve", delay_us=held, when="1+"))
    recording = record(run, run.program(), calls, faults=faults)
    monitor = place.start(commands(run, "pause"), wrap=recording.strace.argv())
    monitor.until(lambda: bool(monitor.log().children), "a line `child`")
    monitor.process.signal(signal.SIGTERM)
    try:
        _obeyed(monitor, signal.SIGTERM, 1, GRACE * 3, " between fork and execve")
    except Failed as failure:
        trace = recording.trace()
        shown = [call for call in trace.calls() if call.name in ("execve", "kill")]
        failure.evidence = (*recording.exhibit(shown), *failure.evidence)
        raise


def _before_sleep(place: Stage) -> None:
    """The signal comes after the last look around, before the call that sleeps."""
    strike = late(place.run, "-s", "TERM")
    monitor = place.start(commands(place.run, "pause"), wrap=strike.argv)
    if not monitor.process.until(lambda: strike.struck, place.run.limit(1.0)):
        return  # it makes no wait of the kinds that can lose a signal
    try:
        _obeyed(monitor, signal.SIGTERM, 1, GRACE - EARLY, f" right before {strike.call} slept")
    except Failed as failure:
        failure.evidence = (*strike.evidence(), *failure.evidence)
        raise


def _killed_at_last(monitor: Monitor, kills: Recording) -> None:
    """A group that ignores SIGTERM gets SIGKILL two seconds later, not before."""
    expected = f"SIGKILL to the group {GRACE:.0f} s after SIGTERM, to all that is still there"
    try:
        log = monitor.finished(128 + signal.SIGKILL, 2 * GRACE)
    except Failed as failure:
        failure.observed += "\n(its child ignores SIGTERM)"
        failure.expected = expected
        raise
    if log.ends != ["killed signal=9"]:
        raise monitor.failed(", ".join(log.ends), expected)
    first, last = (_first(kills.trace(), name) for name in ("SIGTERM", "SIGKILL"))
    if first and last and last.time - first.time < GRACE - EARLY:
        observed = f"killed after {last.time - first.time:.1f} s"
        raise monitor.failed(observed, expected, kills.exhibit([first, last]))
    left = alive(monitor.stage.box.holder)
    if left:
        shown = [Evidence("ledger", f"{len(left)} process in the group of the child")]
        raise monitor.failed("SIGKILL went to one process of the group only", expected, shown)


def _first(trace: Events, name: str) -> Call | None:
    """The first call that sends this signal."""
    sent = (call for call in trace.calls(*KILLS) if call.arg(1).text == name)
    return next(sent, None)
