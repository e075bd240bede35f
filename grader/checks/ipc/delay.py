"""Members that are held back in the midst of a call, so that what may happen there does happen."""

from __future__ import annotations

import os
from typing import Callable, Sequence

from grader.checks.ipc.member import Member
from grader.checks.ipc.talk import STEP, Talk
from grader.ledger import thread_states
from grader.recording import record
from grader.strace.ask import Trace
from grader.strace.call import Call
from grader.strace.faults import Fault, ordinals

REST = 20  # looks in a row that find no thread stopped
STILL = 6  # looks at a thread in a row that find it stopped: longer than any other stop of a tracer
# Calls that make a room. openat counts only where it opens shared memory.
MAKES = (
    *("openat", "ftruncate", "fallocate", "fcntl"),
    *("shmget", "semget", "semctl", "shmat", "semop", "semtimedop"),
)
LOCKS = ("futex", "semop", "semtimedop", "fcntl")  # what may wait for others, or wake them
SHARED_MEMORY = b"/dev/shm/"


def start_held(
    talk: Talk, name: str, call: str, seconds: float, when: str = "1", before: bool = False
) -> Member:
    """Start a member that is held back for so long at its call number `when`, behind it or before it."""
    micro = int(1e6 * seconds)
    delay = {"delay_us": micro} if before else {"delay_exit_us": micro}
    fault = Fault(call, when=when, **delay)  # type: ignore[arg-type]
    recording = record(talk.run, talk.run.program(), (call,), faults=[fault], cpu=None)
    return talk.start(name, wrap=recording.strace.argv())


def is_held(
    talk: Talk, member: Member, otherwise: Callable[[], bool] = lambda: False, limit: float = STEP
) -> bool:
    """Wait until a thread of the member is held back, or `otherwise` holds; tell which."""
    assert member.process is not None
    process, seen = member.process, [0]

    def look() -> bool:
        seen[0] = seen[0] + 1 if _stopped(process.pid) else 0
        return seen[0] >= STILL or process.ended() or otherwise()

    talk.until(look, limit)
    return seen[0] >= STILL


def settle(talk: Talk, members: Sequence[Member], limit: float = STEP) -> None:
    """Wait until traced members have come to rest: no tracer has stopped any of them for a while."""
    seen = [0]

    def look() -> bool:
        busy = any(_stopped(member.process.pid) for member in members if member.process)
        seen[0] = 0 if busy else seen[0] + 1
        return seen[0] >= REST

    talk.until(look, limit)


def _stopped(pid: int) -> bool:
    """Whether a thread is in a stop of its tracer."""
    return "t" in thread_states(pid)


def clean_start(talk: Talk, calls: tuple[str, ...]) -> Trace:
    """Return the trace of a member that makes a room, and leaves at once."""
    recording = record(talk.run, talk.run.program(), calls, cpu=None, strings=64)
    talk.leave(talk.start("first", wrap=recording.strace.argv()))
    return recording.trace()


def used_locks(talk: Talk) -> list[str]:
    """Return the calls by which a member locks, waits or wakes, as far as it makes them."""
    recording = record(talk.run, talk.run.program(), LOCKS, cpu=None)
    one = talk.start("one", wrap=recording.strace.argv())
    other = talk.join("other", [one])
    one.say(b"hello")
    talk.until(lambda: b"one: hello" in other.lines)
    talk.leave(one)
    return sorted({call.name for call in recording.trace().calls(*LOCKS)})


def making(talk: Talk) -> list[tuple[str, str]]:
    """Return the first of each call with which a member makes a room, as (name, number of the call)."""
    trace = clean_start(talk, MAKES)
    numbers = ordinals(trace)
    found: dict[str, str] = {}
    for call in trace.calls(*MAKES):
        if is_making(trace, call):
            found.setdefault(call.name, str(numbers[call.index]))
    return list(found.items())


def is_making(trace: Trace, call: Call) -> bool:
    """Whether this call is about shared memory, not about a library that is loaded."""
    if call.name == "openat":
        return (call.arg(1).string or b"").startswith(SHARED_MEMORY)
    if call.name == "mmap":
        return "MAP_SHARED" in call.arg(3).flags
    return call.name != "fcntl" or SHARED_MEMORY in os.fsencode(call.arg(0).path)
