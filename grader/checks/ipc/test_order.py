"""Many who talk at once, a reader who is slow, calls that take long: nothing is lost, torn or reordered."""

from __future__ import annotations

from random import Random
from signal import SIGCONT, SIGSTOP

from grader.checks.ipc.member import Member
from grader.checks.ipc.talk import STEP, Talk
from grader.checks.ipc.transcript import Said, expect_all, expect_end
from grader.outcome import Failed, check
from grader.recording import record
from grader.rest import Rest
from grader.run import Run
from grader.strace.faults import Fault

SENDERS, LINES = 8, 5_000
LOCKS = ("futex", "semop", "semtimedop", "fcntl", "flock")  # what may wait for others, or wake them
LATE = 300  # microseconds
CALM, WINDOWS = 0.12, 24  # seconds, and how many of them
JOLTED = 0.8  # of the lines
EAGER = 0.5  # of the looks, somebody was ready to run


@check("order.stress")
def test_stress(run: Run) -> None:
    """Let 8 members say 5,000 lines each at the same time, while two of them are read slowly: everybody gets
    every line of each other one, in order."""
    stress(run, "posix", LINES)


@check("contention.forced")
def test_contention(run: Run) -> None:
    """Hold back each futex, semop and lock of four members a little, before or behind the call, while all of
    them talk: what arrives is the same."""
    contention(run, "posix")


def stress(run: Run, backend: str, lines: int) -> None:
    """Eight senders; two readers stop reading until the senders are stuck."""
    with Talk(run, backend) as talk:
        members = talk.gather(SENDERS)
        said: Said = {member.name: [] for member in members}
        for member in members:
            said[member.name] = _numbered(talk.random, lines)
            member.say(*said[member.name])
        for slow in members[:2]:
            talk.pause(slow)
        talk.until(lambda: not any(member.unread for member in members), 0.15)
        restless = _restless(talk, members)
        talk.resume(members[0])
        talk.until(lambda: not any(member.unread for member in members), 0.15)
        talk.resume(members[1])
        _jolt(talk, members, int(JOLTED * lines * (SENDERS - 1)))
        expect_all(talk, said, limit=3 * STEP)
        expect_end(talk, said)
    if restless is not None:
        raise restless


def _jolt(talk: Talk, members: list[Member], enough: int) -> None:
    """Stop one after the other for a moment, wherever it is, until all have heard enough lines: whoever works
    without a lock is in the middle of something then, and the others find it half done."""
    held: list[Member] = []

    def next_one() -> bool:
        while held:
            held.pop().signal(SIGCONT)
        held.append(talk.random.choice(members))
        held[0].signal(SIGSTOP)
        return all(member.heard >= enough or member.ended for member in members)

    talk.until(next_one, STEP)
    for member in held:
        member.signal(SIGCONT)


def _restless(talk: Talk, members: list[Member]) -> Failed | None:
    """Soon everybody waits for the slow readers, and nobody spins, for two windows in a row: else, say so."""
    calm, living = 0, {member.pid: member for member in members}
    for _ in range(WINDOWS):
        rest = Rest(living)
        talk.watch(CALM, rest.look)
        spent = rest.spent()
        calm = calm + 1 if sum(spent.values()) < CALM / 6 and rest.eager < EAGER else 0
        if calm == 2:
            return None
    busy = living[max(spent, key=lambda pid: spent[pid])]
    observed = (
        f"all used {sum(spent.values()):.2f} s of CPU time in {CALM} s of waiting for space, and "
        f"{rest.eager:.0%} of the time somebody was ready to run"
    )
    return talk.failed(observed, "a full buffer blocks its senders, who sleep", (busy,))


def _numbered(random: Random, lines: int) -> list[bytes]:
    """Lines of different lengths, so that records go round the end of a buffer everywhere."""
    pad = random.randbytes(40).hex().encode()
    sizes = random.choices(range(len(pad)), k=lines)
    return [b"%d %s" % (number, pad[:size]) for number, size in enumerate(sizes)]


def contention(run: Run, backend: str) -> None:
    """Four members whose calls are late: two before the call, two behind it."""
    with Talk(run, backend) as talk:
        names = talk.random.sample(["una", "val", "wim", "zoe"], 4)
        for number, name in enumerate(names):
            talk.start(name, wrap=_late(run, behind=number % 2 == 1))
        members = list(talk.members)
        talk.expect_linked(members, limit=2 * STEP)
        said: Said = {member.name: [] for member in members}
        for _ in range(3):
            for member in members:
                lines = _numbered(talk.random, 40)
                member.say(*lines)
                said[member.name] += lines
            expect_all(talk, said, limit=3 * STEP)
        expect_end(talk, said)


def _late(run: Run, behind: bool) -> list[str]:
    """The words that hold back calls of locks."""
    delay = {"delay_exit_us": LATE} if behind else {"delay_us": LATE}
    faults = [Fault(call, when="1+", **delay) for call in LOCKS]  # type: ignore[arg-type]
    return record(run, run.program(), LOCKS, faults=faults, cpu=None).strace.argv()
