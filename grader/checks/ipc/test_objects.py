"""What a room leaves behind, and who may look at it."""

from __future__ import annotations

import signal

from grader.checks.ipc.member import Member
from grader.checks.ipc.objects import expect_none, objects
from grader.checks.ipc.talk import STEP, Talk
from grader.ending import signal_name
from grader.outcome import check
from grader.run import Run

SIGNALS = (signal.SIGINT, signal.SIGTERM)
UMASKS = ("000", "022", "077", "0777")


@check("cleanup")
def test_cleanup(run: Run) -> None:
    """Let members leave by /quit, at the end of input, by SIGINT and SIGTERM, also while they wait for space,
    and one whose name is taken: the last one out removes every object."""
    cleanup(run, "posix")


@check("perms")
def test_perms(run: Run) -> None:
    """Make rooms under the umasks 000, 022, 077 and 0777 and look at the modes of their objects."""
    perms(run, "posix")


def cleanup(run: Run, backend: str) -> None:
    """Every way to leave, and the ledger of objects afterwards."""
    with Talk(run, backend) as talk:
        one, other = talk.gather(2)
        talk.ending(talk.start(one.name))  # refused: it must not take the room with it
        _expect_together(talk, one, other)
        one.say(b"/quit")
        talk.ending(one)
        talk.leave(other)
        expect_none(talk, "after /quit and end of input")
        for number in SIGNALS:
            _by_signal(talk, number)
        _while_blocked(talk)
        alone = talk.start("solo")
        talk.leave(alone)
        expect_none(talk, "after somebody was alone, with an input that is at its end")


def _expect_together(talk: Talk, one: Member, other: Member) -> None:
    one.say(b"still here?")
    line = f"{one}: still here?".encode()
    if not talk.until(lambda: line in other.lines):
        observed = f"after somebody was refused, {other} does not hear {one} any more"
        raise talk.failed(observed, "whoever does not join changes nothing", (one, other))


def _by_signal(talk: Talk, number: int) -> None:
    """Two members, one after the other told to end by a signal."""
    pair = talk.gather(2)
    name = signal_name(number)
    _signal(talk, pair[0], number)
    if not talk.until(lambda: pair[1].misses(pair[0])):
        observed = f"{pair[0]} got {name}; {pair[1]} was not told that it left"
        raise talk.failed(observed, f"{name} is a way to leave", pair)
    _signal(talk, pair[1], number)
    expect_none(talk, f"after {name}")


def _signal(talk: Talk, member: Member, number: int) -> None:
    """Send a signal; it ends with 0, with 128 + number, or by the signal itself once it has left."""
    assert member.process is not None
    member.process.signal(number)
    ending = talk.ending(member)
    if ending.code not in (0, 128 + number) and ending.signal != number:
        observed = f"{member} got {signal_name(number)}: {ending}"
        raise talk.failed(observed, "it leaves, exit status 0", (member,))


def _while_blocked(talk: Talk) -> None:
    """Somebody waits for space in the ring, another one cannot print: both are told to end."""
    sender, reader = talk.gather(2)
    talk.pause(reader)
    sender.say(*[b"%d %s" % (number, b"x" * 2000) for number in range(1000)])
    talk.until(lambda: not sender.unread, 0.3)
    for member in (sender, reader):
        _signal(talk, member, signal.SIGTERM)
        talk.resume(reader)
    talk.until(lambda: sender.ended and reader.ended, STEP)
    expect_none(talk, "after SIGTERM to one who waited for space")


def perms(run: Run, backend: str) -> None:
    """Objects are 0600 whatever the umask is."""
    with Talk(run, backend) as talk:
        for umask in UMASKS:
            talk.room = f"room{umask}"
            one = talk.start("one", umask=umask)
            two = talk.start("two", umask=umask)
            talk.expect_linked((one, two))
            found = objects(talk)
            if not found:
                raise talk.failed("a room without any object", "shared memory that has a name")
            wrong = [each for each in found if each.mode != 0o600]
            if wrong:
                observed = f"umask {umask}: {', '.join(map(str, wrong))}"
                raise talk.failed(observed, "mode 0600: for nobody but its owner")
            talk.leave(one, two)
