"""Children that end all at once, or before procmon has got round to expecting it; process groups."""

from __future__ import annotations

import os
import re
import signal
from collections import Counter
from dataclasses import replace

from grader import Failed, Run, check
from grader.checks.processes.inmates import children, state
from grader.checks.processes.late import late
from grader.checks.processes.log import Log
from grader.checks.processes.monitor import Monitor, Stage, commands, stage
from grader.recording import record
from grader.strace.call import Call
from grader.strace.faults import Fault
from grader.strace.trace import Events

BURST = 200
ROOM = 600  # processes and threads in the sandbox: some wait for each child in a thread
LATE_US = 120_000  # in which a child that has nothing to do is long gone
FORKS = ("clone", "fork", "vfork")
GROUPS = ("setpgid", "setsid")


@check("burst")
def test_burst(run: Run) -> None:
    """Let 200 children end at one moment, in which procmon does not run: all are reported, once."""
    statuses = [run.random.randrange(1, 200) for _ in range(BURST)]
    limits = replace(run.limits, processes=ROOM)
    reader, writer = os.pipe()
    with stage(run) as place:
        try:
            plans = [f"hang exit={status}" for status in statuses]
            monitor = place.start(commands(run, *plans), limits=limits, stdin=reader)
            monitor.until(lambda: len(monitor.said()) == BURST, f"{BURST} children run", 5.0)
            _end_in_one_moment(monitor, writer)
            writer = -1
        finally:
            os.close(reader)
            if writer != -1:
                os.close(writer)
        log = _reported(monitor)
    told, wanted = Counter(log.ends), Counter(f"exited status={status}" for status in statuses)
    if wrong := list((told - wanted).elements()):
        observed = f"{len(wrong)} of {BURST} ends are not those of the children: {wrong[0]}"
        missing = next((wanted - told).elements())
        raise monitor.failed(observed, f"among others, {missing}")


def _end_in_one_moment(monitor: Monitor, writer: int) -> None:
    """Stop procmon, let its children read end-of-file, and let it go on when all have ended."""
    monitor.process.signal(signal.SIGSTOP)
    monitor.until(lambda: state(monitor.process.pid) == "T", "procmon stops")
    alive = list(children(monitor.process.pid).values())
    os.close(writer)
    monitor.until(lambda: all(state(pid) in "ZX" for pid in alive), "all children end")
    monitor.process.signal(signal.SIGCONT)


def _reported(monitor: Monitor) -> Log:
    """Wait for the end; a child that was missed is what this check is about."""
    try:
        return monitor.finished(None)
    except Failed as failure:
        ends = len({event.pid for event in monitor.log().events if event.last})
        if ends < BURST:
            failure.observed = f"{BURST} children ended at once; {ends} ends are told"
            failure.expected = f"{BURST} ends: one SIGCHLD can stand for many children"
        raise


@check("early.exit")
def test_early(run: Run) -> None:
    """Let children end before procmon knows of them, and right before it sleeps: nobody is missed."""
    with stage(run) as place:
        _after_fork(place)
        _before_sleep(place)


def _after_fork(place: Stage) -> None:
    """Every fork, and every change of the signal mask, takes longer than the life of a child."""
    run = place.run
    late_us = int(LATE_US * run.slowness)
    faults = [Fault(name, delay_exit_us=late_us, when="1+") for name in FORKS]
    faults.append(Fault("rt_sigprocmask", delay_exit_us=late_us // 3, when="1+"))
    calls = {"rt_sigsuspend", "pause", "rt_sigaction", "wait4", "waitid"}
    recording = record(run, run.program(), calls, faults=faults)
    monitor = place.start(commands(run, "exit=4", "exit=5"), wrap=recording.strace.argv())
    try:
        monitor.finished(5, 4.0)
    except Failed as failure:
        trace = recording.trace()
        mine = [call for call in trace.calls() if trace.start and call.pid == trace.start.pid]
        failure.observed += "\n(the children ended while fork or sigprocmask had not yet returned)"
        failure.evidence = (*recording.exhibit(mine[-6:]), *failure.evidence)
        raise


def _before_sleep(place: Stage) -> None:
    """The child ends after the last look around, before the call that sleeps."""
    strike = late(place.run, "-c")
    reader, writer = os.pipe()
    try:
        monitor = place.start(commands(place.run, "hang exit=6"), wrap=strike.argv, stdin=reader)
        monitor.until(
            lambda: "." in monitor.said() and state(monitor.process.pid) == "S",
            "its child runs, and procmon sleeps",
        )
    finally:
        os.close(reader)
        os.close(writer)  # so the child ends
    try:
        monitor.finished(6)
    except Failed as failure:
        if not strike.struck:
            raise
        failure.observed = f"{monitor.command}\nthe child ended right before {strike.call} slept"
        failure.observed += ", and procmon sleeps on"
        failure.expected = "a child that ends is noticed, whenever it ends"
        failure.evidence = (*strike.evidence(), *failure.evidence)
        raise


@check("groups")
def test_groups(run: Run) -> None:
    """Hold back the calls that make process groups: no command runs, and none is signalled, without its own."""
    faults = _held_back(run)
    with stage(run) as place:
        _expect_own_groups(place)
        recording = record(run, run.program(), {"kill", *GROUPS}, faults=faults)
        plans = ("say pause", "say pause")
        monitor = place.start(commands(run, *plans), wrap=recording.strace.argv())
        monitor.until(lambda: len(monitor.log().children) == 2, "two lines `child`")
        monitor.process.signal(signal.SIGTERM)
        monitor.finished(None, 4.0)
        trace = recording.trace()
        missed = _missed(trace)
        if missed:
            observed = "a group is signalled that does not exist yet"
            shown = recording.exhibit([*trace.calls(*GROUPS), missed])
            raise monitor.failed(observed, "whoever signals a group has seen to it", shown)


def _held_back(run: Run) -> list[Fault]:
    """Calls that make groups take longer than a child needs to begin."""
    return [Fault(name, delay_us=int(LATE_US * run.slowness), when="1+") for name in GROUPS]


def _missed(trace: Events) -> Call | None:
    """The first signal to a group that there was not yet, although its child lived; no other one followed.

    A group that was signalled before has been there: its command may have ended of that.
    """
    kills = trace.calls("kill")
    for call in kills:
        target = call.arg(0).value or 0
        reached = any(
            k.arg(0).value == target and not k.failed for k in kills if k.index < call.index
        )
        lost = target < -1 and call.errno == "ESRCH" and not reached
        later = (k for k in kills if k.index > call.index and not k.failed)
        if lost and not any(
            abs(k.arg(0).value or 0) == -target and k.arg(1).text == call.arg(1).text for k in later
        ):
            return call
    return None


def _expect_own_groups(place: Stage) -> None:
    run = place.run
    faults = _held_back(run)
    recording = record(run, run.program(), GROUPS, faults=faults)
    monitor = place.start(commands(run, "say", "say"), wrap=recording.strace.argv())
    monitor.finished(0)
    for pid, group in re.findall(r"pid=(\d+) ppid=\d+ pgrp=(\d+)", "\n".join(monitor.said())):
        if pid != group:
            observed = f"a command runs with pid {pid} in group {group}"
            shown = recording.exhibit(recording.trace().calls(*GROUPS))
            raise monitor.failed(observed, "each command is in a group of its own, at once", shown)
