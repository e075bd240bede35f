"""Sixteen members start at the same instant in a new room; and one whose calls are slow makes the room."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

from grader.checks.ipc.delay import is_held, making, start_held
from grader.checks.ipc.member import Ends, Member
from grader.checks.ipc.objects import expect_none
from grader.checks.ipc.talk import NAMES, STEP, Talk
from grader.checks.ipc.transcript import Said, expect_all
from grader.outcome import TIME_LIMIT, Failed, check
from grader.poll import ready_to_read
from grader.run import Run

STARTER = Path(__file__).with_name("starter.c")
MEMBERS, ROUNDS = 16, 50
HOLD = 0.15  # seconds
PATIENCE = 15.0  # seconds for all rounds, which take two


@check("join.race")
def test_race(run: Run) -> None:
    """Start 16 members at the same instant in a new room, 50 times; and let others come in while the first one is
    held back in the midst of making it: all meet in one room, and leave nothing."""
    race(run, "posix", ROUNDS)


def race(run: Run, backend: str, rounds: int) -> None:
    """Rounds of sixteen, and one slow creator for each call that makes something."""
    helper = run.helper(STARTER)
    with Talk(run, backend) as talk:
        for call, when in making(talk):
            _slow_creator(talk, call, when)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours:
            with theirs:
                argv = [str(helper), str(run.program()), "-b", backend]
                talk.box.start(argv, limits=run.limits, stdin=theirs.fileno())
            end = time.monotonic() + run.limit(PATIENCE)
            for number in range(rounds):
                _round(talk, ours, f"race{number}")
                if time.monotonic() > end:
                    observed = f"{number + 1} rooms of {rounds} took {run.limit(PATIENCE):.0f} s"
                    raise Failed(observed, expected="sixteen who meet at once", reason=TIME_LIMIT)
        expect_none(talk, f"after {rounds} rooms")


def _round(talk: Talk, starter: socket.socket, room: str) -> None:
    """One room: all are there, of each two one was told of the other, one line reaches all."""
    talk.forget()
    names = talk.random.sample(NAMES, MEMBERS)
    ends = [Ends() for _ in names]
    descriptors = [descriptor for each in ends for descriptor in each.theirs]
    socket.send_fds(starter, [" ".join([room, *names]).encode()], descriptors)
    for name, each in zip(names, ends):
        each.close_theirs()
        talk.adopt(Member(name, each))
    talk.expect_linked(talk.members)
    speaker = talk.members[0]
    speaker.say(b"hello")
    said: Said = {speaker.name: [b"hello"]}
    expect_all(talk, said)
    for member in talk.members:
        member.hang_up()
    _expect_ends(talk, starter)


def _expect_ends(talk: Talk, starter: socket.socket) -> None:
    talk.until(lambda: all(member.ended for member in talk.members), STEP)
    if not ready_to_read(starter, talk.run.limit(STEP)):
        still = [member.name for member in talk.members if not member.ended]
        raise talk.failed(f"{', '.join(still)} does not end", "all leave at the end of their input")
    statuses = [int(word) for word in starter.recv(1024).split()]
    bad = [os.waitstatus_to_exitcode(status) for status in statuses if status != 0]
    if bad:
        observed = (
            f"of {MEMBERS} members that started at once, {len(bad)} ended with status {bad[0]}"
        )
        raise talk.failed(observed, "all join and leave, exit status 0")


def _slow_creator(talk: Talk, call: str, when: str) -> None:
    """Hold the first member back behind a call that makes the room; others come in meanwhile."""
    talk.room = f"slow-{call}"
    slow = start_held(talk, "slow", call, HOLD, when)
    is_held(talk, slow)
    quick = [talk.start(name) for name in ("ann", "bob")]
    talk.expect_linked([slow, *quick], limit=2 * STEP)
    quick[0].say(b"hello")
    if not talk.until(lambda: b"ann: hello" in slow.lines):
        observed = f"slow, who made the room, was held back in {call}; it does not hear ann, who came meanwhile"
        raise talk.failed(observed, "all meet in one room", (slow, *quick))
    talk.leave(slow, *quick)
