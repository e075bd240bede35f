"""Members that are killed: with the lock, with the ring full, all at once. And one that is only stopped."""

from __future__ import annotations

import signal
from functools import partial
from typing import Callable, Sequence

from grader.checks.ipc.delay import is_held, making, start_held, used_locks
from grader.checks.ipc.member import Member
from grader.checks.ipc.objects import expect_none, objects
from grader.checks.ipc.talk import NOTICE, STEP, Talk
from grader.checks.ipc.together import together
from grader.checks.ipc.transcript import Said, expect_said
from grader.outcome import check
from grader.run import Run

Pair = tuple[Member, Member]
Story = Callable[[Talk, Pair], None]
HOLD = 1.0  # seconds
LONG = b"x" * 1500
MANY = 400  # long lines: more than any ring holds


@check("crash.member")
def test_member(run: Run) -> None:
    """Kill members in the midst of their locks and wake-ups, while they wait for space, and while others wait for
    them: the others are told within 2 seconds and go on. A member that is stopped is not dead."""
    member_dies(run, "posix")


@check("crash.room")
def test_room(run: Run) -> None:
    """Kill all members while they talk, and one while it makes the room: whoever comes next is in within 2 seconds,
    and can talk."""
    room_dies(run, "posix")


# -- one of them -------------------------------------------------------------------------------


def member_dies(run: Run, backend: str) -> None:
    """Deaths of one, at the worst moments, each in a room of its own."""
    with Talk(run, backend, "habits") as talk:
        places = [(call, when) for call in used_locks(talk) for when in ("1", "3")]
    rooms: list[Story] = [partial(_killed_in, call=call, when=when) for call, when in places]
    rooms += [_killed_at_ease, _killed_blocked, _stopped_is_not_dead]
    together(partial(_with_pair, run, backend, room, f"{n}") for n, room in enumerate(rooms))


def _with_pair(run: Run, backend: str, story: Story, label: str) -> None:
    """A room with two members who see one thing happen; they talk afterwards, and leave nothing."""
    with Talk(run, backend, label) as talk:
        one, other = talk.gather(2)
        story(talk, (one, other))
        talk.leave(one, other)
        expect_none(talk, "after a member was killed, and the others have left")


def _killed_at_ease(talk: Talk, others: Pair) -> None:
    victim = talk.join("victim", others)
    talk.kill(victim)
    _expect_noticed(talk, victim, others, "while it waited for its input")
    _expect_talk(talk, others, "after a member was killed")


def _killed_in(talk: Talk, others: Pair, call: str, when: str) -> None:
    """Kill a member that is held back in a call of its locks: behind one that takes it, before one that wakes."""
    name = f"{call}{when}"
    victim = start_held(talk, name, call, HOLD, when, before=call == "futex")
    victim.say(b"my last", b"words")
    words = f"{name}: words".encode()
    is_held(talk, victim, lambda: all(words in other.lines for other in others))
    was_in = [other for other in others if other.knows(victim)]
    talk.kill(victim)
    place = f"in the midst of {call}"
    if len(was_in) < len(others):
        talk.watch(NOTICE)  # nobody need tell of it, but somebody may have to notice
    _expect_noticed(talk, victim, was_in, place)
    _expect_talk(talk, others, f"after a member was killed {place}")


def _expect_noticed(talk: Talk, victim: Member, others: Sequence[Member], when: str) -> None:
    """Raise Failed unless the others are told in time that somebody has died."""
    if not talk.until(lambda: all(other.misses(victim) for other in others), NOTICE + 0.5):
        deaf = next(other for other in others if not other.misses(victim))
        observed = f"{victim} was killed {when}; {deaf} was not told within {NOTICE:g} s"
        raise talk.failed(observed, "`* NAME left`, and nobody hangs", others)


def _expect_talk(talk: Talk, pair: tuple[Member, ...], when: str) -> None:
    """Raise Failed unless each of two members hears the other."""
    text = b"%x" % talk.run.random.getrandbits(40)
    for member in pair:
        member.say(text)
    for hearer, speaker in (pair, pair[::-1]):
        line = b"%s: %s" % (speaker.name.encode(), text)
        if not talk.until(lambda: line in hearer.lines, STEP):
            observed = f"{when}, what {speaker} says does not reach {hearer}"
            raise talk.failed(observed, "the death of one blocks nobody", pair)


def _fill(talk: Talk, sender: Member, reader: Member) -> list[bytes]:
    """Stop a reader and let the sender talk until it waits for space; return what it said."""
    assert reader.process is not None
    reader.process.signal(signal.SIGSTOP)
    lines = [b"%d %s" % (number, LONG) for number in range(MANY)]
    sender.say(*lines)
    talk.until(lambda: not sender.unread, 0.25)
    return lines


def _killed_blocked(talk: Talk, others: Pair) -> None:
    """Kill one who waits for space, and the one who is waited for."""
    slow = talk.join("slow", others)
    blocked = talk.join("blocked", (*others, slow))
    _fill(talk, blocked, slow)
    talk.kill(blocked, slow)
    _expect_noticed(talk, slow, others, "while the others waited for it")
    _expect_noticed(talk, blocked, others, "while it waited for space")
    _expect_talk(talk, others, "after one was killed while the ring was full")


def _stopped_is_not_dead(talk: Talk, others: Pair) -> None:
    """Stop one for more than two seconds; it gets everything when it goes on."""
    one, other = others
    sleeper = talk.join("sleeper", (one, other))
    speaker = talk.join("speaker", (one, other, sleeper))
    said: Said = {speaker.name: _fill(talk, speaker, sleeper)}
    talk.watch(NOTICE + 0.3)
    if one.misses(sleeper) or other.misses(sleeper):
        observed = "sleeper was stopped (SIGSTOP), not killed, and was announced as left"
        raise talk.failed(observed, "a stopped member is not dead", (one, other))
    assert sleeper.process is not None
    sleeper.process.signal(signal.SIGCONT)
    talk.until(lambda: sleeper.heard >= MANY, 2 * STEP)
    said.update({one.name: [], other.name: []})
    expect_said(talk, sleeper, said)
    talk.leave(sleeper, speaker)


# -- all of them -------------------------------------------------------------------------------


def room_dies(run: Run, backend: str) -> None:
    """Deaths of all, and of one who makes the room, behind each call that does."""
    with Talk(run, backend, "habits") as talk:
        places = making(talk)
    makers = [partial(_maker_dies, run, backend, call, when) for call, when in places]
    together([partial(_all_die, run, backend), *makers])


def _all_die(run: Run, backend: str) -> None:
    with Talk(run, backend) as talk:
        members = talk.gather(3)
        _fill(talk, members[0], members[1])
        talk.kill(*members)
        _expect_usable(talk, "all members were killed while the ring was full")


def _maker_dies(run: Run, backend: str, call: str, when: str) -> None:
    with Talk(run, backend, call) as talk:
        first = start_held(talk, "first", call, HOLD, when)
        is_held(talk, first)
        talk.kill(first)
        _expect_usable(talk, f"whoever made the room was killed behind {call}")


def _expect_usable(talk: Talk, when: str) -> None:
    """Newcomers meet in time and hear each other; at the latest when they have stayed so long that they must
    have noticed the dead, nothing is left."""
    _two_meet(talk, when)
    if objects(talk):
        _two_meet(talk, when, NOTICE)
        expect_none(talk, f"{when}; after newcomers have left")


def _two_meet(talk: Talk, when: str, stay: float = 0.0) -> None:
    pair = tuple(talk.start(name) for name in ("ann", "late"))
    if not talk.until(lambda: pair[0].knows(pair[1]) or pair[1].knows(pair[0]), NOTICE + 0.5):
        observed = f"{when}; two newcomers do not find each other within {NOTICE:g} s"
        raise talk.failed(observed, "the room is usable again", pair)
    _expect_talk(talk, pair, when)
    talk.watch(stay)
    talk.leave(*pair)
