"""What is said arrives: two members, sixteen, and lines of every kind."""

from __future__ import annotations

from random import Random

from grader.checks.ipc.member import Member
from grader.checks.ipc.talk import STEP, Talk
from grader.checks.ipc.transcript import Said, expect_all, expect_end, expect_said
from grader.outcome import Failed, check
from grader.run import Run

MANY = 16  # members
LIMIT = 4096  # bytes of a line
WORDS = "semaphore ring mutex page fault wait wake shared kernel".split()


@check("talk.two")
def test_two(run: Run) -> None:
    """Let two members talk, one on a pseudo-terminal, one on pipes; refuse a third one of the same name; one
    leaves by /quit, one at the end of its input."""
    talk_of_two(run, "posix")


@check("talk.many")
def test_many(run: Run) -> None:
    """Let 16 members talk at the same time, half of them on pseudo-terminals: everybody hears all others."""
    talk_of_many(run, "posix", MANY)


@check("input.long")
def test_long(run: Run) -> None:
    """Say lines of 4,096 bytes, of one more, of 1 MiB; empty ones, bytes that are no text, and a last line
    without an end."""
    lines_of_all_kinds(run, "posix")


def words(random: Random, number: int = 0) -> bytes:
    """Return a line of its own, a few words long."""
    chosen = random.choices(WORDS, k=random.randrange(1, 6))
    return f"{number} {' '.join(chosen)} {random.getrandbits(32):x}".encode()


def talk_of_two(run: Run, backend: str) -> None:
    """Two members: see test_two."""
    with Talk(run, backend) as talk:
        one, other = talk.gather(2, terminals=1)
        said: Said = {one.name: [], other.name: []}
        for number in range(20):
            member = talk.random.choice((one, other))
            lines = [words(talk.random, number) for _ in range(talk.random.randrange(1, 4))]
            member.say(*lines)
            said[member.name] += lines
            expect_all(talk, said)
        _expect_taken(talk, one)
        other.say(b"/quitter", b"/quit")
        said[other.name].append(b"/quitter")
        _expect_quit(talk, other, one)
        expect_said(talk, one, said)
        talk.leave(one)


def _partly(failure: Failed) -> Failed:
    """Return a failure that leaves half of the points: they do hear each other."""
    failure.share = 0.5
    return failure


def _expect_quit(talk: Talk, member: Member, other: Member) -> None:
    """A member that says /quit ends with status 0, and the other one is told."""
    talk.until(lambda: member.ended)
    if not member.ended or talk.ending(member).code != 0:
        observed = f"{member} said /quit, and did not leave"
        raise _partly(talk.failed(observed, "exit status 0", (member,)))
    if not talk.until(lambda: other.misses(member)):
        observed = f"{other} was not told that {member} left"
        raise _partly(talk.failed(observed, "`* NAME left`", (other,)))


def _expect_taken(talk: Talk, member: Member) -> None:
    """A second member of the same name: a message, exit status 1, and nobody is told."""
    joined = {each: sum(each.joined.values()) for each in talk.members}
    twin = talk.start(member.name)
    talk.until(lambda: twin.ended)
    if not twin.ended:
        raise _partly(talk.failed(f"a second {member} joined", "a message, exit status 1"))
    ending = talk.ending(twin)
    said = twin.process.stderr_text() if twin.process else ""
    talk.members.remove(twin)
    twin.close()
    if ending.code != 1 or not said.strip():
        observed = f"a second {member}: {ending}, stderr: {said!r}"
        raise _partly(talk.failed(observed, "a message, exit status 1: the name is taken"))
    if {each: sum(each.joined.values()) for each in talk.members} != joined:
        raise _partly(talk.failed("somebody whose name was taken was announced", "it never joined"))


def talk_of_many(run: Run, backend: str, count: int) -> None:
    """Many members who talk at the same time."""
    with Talk(run, backend) as talk:
        members = talk.gather(count, terminals=count // 2)
        said: Said = {member.name: [] for member in members}
        for number in range(12):
            for member in members:
                line = words(talk.random, number)
                member.say(line)
                said[member.name].append(line)
        expect_all(talk, said)
        expect_end(talk, said)


def lines_of_all_kinds(run: Run, backend: str) -> None:
    """Lines that a fixed buffer, a string function or a terminal mode would spoil."""
    with Talk(run, backend) as talk:
        one, other = talk.gather(2)
        said: Said = {one.name: [], other.name: []}
        _say_in_turn(talk, one, said, _harmless(talk.random))
        for size in (LIMIT, LIMIT - 1, LIMIT):
            _say_in_turn(talk, other, said, [_noise(talk.random, size)])
        for size in (LIMIT + 1, 1 << 20, 2 * LIMIT, LIMIT + 1):
            _refuse(talk, one, size)
            _say_in_turn(
                talk, one, said, [words(talk.random), _noise(talk.random, LIMIT), b"shorter"]
            )
        one.feed += b"the end has no end"
        said[one.name].append(b"the end has no end")
        one.hang_up()
        expect_all(talk, said)
        talk.leave(one)
        talk.leave(other)
        expect_said(talk, other, said)


def _harmless(random: Random) -> list[bytes]:
    """Lines of a few bytes, which a terminal could send as well or not."""
    every = bytes(byte for byte in range(256) if byte != 10)
    odd = [b"", b" ", b"%s%n%d", b"\0", b"a\0b", every, "süß – 語".encode(), b"* x joined", b": "]
    random.shuffle(odd)
    return odd


def _noise(random: Random, size: int) -> bytes:
    """A line of so many bytes, none of which is a line's end."""
    return random.randbytes(size).replace(b"\n", b"N")


def _say_in_turn(talk: Talk, member: Member, said: Said, lines: list[bytes]) -> None:
    member.say(*lines)
    said[member.name] += lines
    expect_all(talk, said)


def _refuse(talk: Talk, member: Member, size: int) -> None:
    """Say a line that is too long, and wait for the message."""
    assert member.process is not None
    process, before = member.process, len(member.process.stderr_text())
    member.say(_noise(talk.random, size))
    told = talk.until(lambda: len(process.stderr_text()) > before or process.ended(), STEP)
    if process.ended():
        observed = f"a line of {size:,} bytes: {member} ended"
        raise talk.failed(observed, "a message, and the talk goes on", (member,))
    if not told:
        observed = f"a line of {size:,} bytes: no message on stderr"
        raise talk.failed(observed, f"lines of more than {LIMIT:,} bytes are refused", (member,))
