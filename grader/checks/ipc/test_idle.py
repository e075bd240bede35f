"""Nobody talks: how much ten members do."""

from __future__ import annotations

import time
from contextlib import suppress

from grader.checks.ipc.delay import settle
from grader.checks.ipc.member import Member
from grader.checks.ipc.talk import Talk
from grader.outcome import Failed, check
from grader.recording import Recording, record
from grader.run import Run
from grader.strace.run import ALL, TraceTooLong

MEMBERS, TRACED = 10, 3
SECONDS = 1.6
CALLS = 5.0  # a second and member: watching for deaths may need a timer
CPU = 0.01  # seconds a second and member


@check("idle")
def test_idle(run: Run) -> None:
    """Leave ten members in a room in which nobody says anything, and count what they do: at most 5 system
    calls a second each, and next to no CPU time."""
    idle(run, "posix")


def idle(run: Run, backend: str) -> None:
    """Ten members for a second and a half; three of them are traced."""
    recordings: dict[str, Recording] = {}
    with Talk(run, backend) as talk:
        for number in range(MEMBERS):
            name, wrap = f"m{number}", []
            if number < TRACED:
                recordings[name] = record(run, run.program(), ALL, stacks=True, cpu=None)
                wrap = recordings[name].strace.argv()
            talk.start(name, wrap=wrap)
        talk.expect_linked(talk.members)
        settle(talk, talk.members[:TRACED])
        with suppress(Failed):  # they may still be busy with coming in
            return _judge(talk, recordings)
        return _judge(talk, recordings)


def _judge(talk: Talk, recordings: dict[str, Recording]) -> None:
    cpu, begin, started = _cpu(talk.members), time.time(), time.monotonic()
    talk.watch(SECONDS)
    spent = [after - before for before, after in zip(cpu, _cpu(talk.members))]
    end, seconds = time.time(), time.monotonic() - started
    for member, recording in zip(talk.members, recordings.values()):
        try:
            calls = recording.trace().between(begin, end).calls()
            count, shown = len(calls), recording.exhibit(calls[:6])
        except TraceTooLong:
            count, shown = 10**6, []
        if count > CALLS * seconds + 2:
            observed = f"{member} made {count:,} system calls in {seconds:.1f} s of silence"
            raise talk.failed(observed, "at most 5 a second", (member,), shown)
    for member, used in zip(talk.members, spent):
        if used > CPU * seconds + 0.02:
            observed = f"{member} used {used:.2f} s of CPU time in {seconds:.1f} s of silence"
            raise talk.failed(observed, "it sleeps until something happens", (member,))


def _cpu(members: list[Member]) -> list[float]:
    return [member.cpu_seconds() for member in members]
