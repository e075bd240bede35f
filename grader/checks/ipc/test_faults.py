"""One call fails while a room is made; and a machine without memory for it."""

from __future__ import annotations

from grader import paths
from grader.checks.ipc.delay import is_making
from grader.checks.ipc.member import Member
from grader.checks.ipc.objects import expect_none
from grader.checks.ipc.talk import STEP, Talk
from grader.outcome import Failed, Inconclusive, check
from grader.process import TimeLimit
from grader.recording import Recording, record
from grader.result import Evidence
from grader.run import Run
from grader.strace.ask import Trace
from grader.strace.call import Call
from grader.strace.faults import baseline
from grader.strace.sweep import Cell, Matrix, Pair, plan_sweep

FAULTS = {
    "openat": ("EACCES", "EMFILE", "ENOMEM"),
    "ftruncate": ("EINTR", "ENOSPC"),
    "fallocate": ("EINTR", "ENOSPC"),
    "mmap": ("ENOMEM",),
    "shmget": ("ENOSPC", "ENOMEM", "EACCES"),
    "shmat": ("ENOMEM", "EACCES"),
    "semget": ("ENOSPC", "ENOMEM", "EACCES"),
    "semop": ("EINTR",),
    "semtimedop": ("EINTR",),
    "futex": ("EINTR",),
}
PLACES = 2  # of each pair
SMALL = 8 << 10  # bytes of /dev/shm: less than any room needs
EXPECTED = "it joins and talks, or: a message, exit status 1, and nothing is left"


@check("fault.sweep")
def test_faults(run: Run) -> None:
    """Let one call fail that makes the room or waits; then let another member come. The first one works, or says
    what is wrong and ends; the second one works. And start where /dev/shm is full."""
    matrices = [_sweep(run, backend) for backend in ("posix", "sysv")]
    matrix = Matrix(tuple(cell for each in matrices for cell in each.cells))
    if not matrix.judged:
        raise Inconclusive("no fault could be injected")
    if matrix.failed:
        raise _failure(matrix)
    _full_memory(run)


def _failure(matrix: Matrix) -> Failed:
    evidence = [Evidence("matrix", matrix.text()), *matrix.failed[0].evidence[1:]]
    return Failed(matrix.told(), expected=EXPECTED, evidence=evidence, share=matrix.share)


def _sweep(run: Run, backend: str) -> Matrix:
    """One room for each cell."""
    empty = run.helper(paths.CHECKS / "empty.c")
    with Talk(run, backend) as talk:
        clean = _recorded(talk)
        first = talk.start("first", wrap=clean.strace.argv())
        first.say(b"hello")
        talk.leave(first)
        base = baseline(lambda: _empty(talk, empty))
        pairs = [Pair(c, e, _fair) for c, errors in FAULTS.items() for e in errors]
        cells: list[Cell] = []
        for cell in plan_sweep(clean.trace(), pairs, base, PLACES):
            cells.append(_judged(talk, cell, f"cell{len(cells)}"))
        return Matrix(tuple(cells))


def _fair(trace: Trace, call: Call) -> bool:
    """Whether the call may fail: a futex(2) that wakes is never interrupted, and glibc relies on that."""
    if call.name == "futex":
        return "WAIT" in call.arg(1).text
    return is_making(trace, call)


def _recorded(talk: Talk, cell: Cell | None = None, stacks: bool = False) -> Recording:
    faults = [cell.fault] if cell else []
    program = talk.run.program()
    return record(talk.run, program, FAULTS, stacks, faults, cpu=None, strings=64)


def _empty(talk: Talk, program: object) -> Trace:
    """What a program that does nothing asks of the kernel, started in the same way."""
    recording = record(talk.run, program, FAULTS, cpu=None)  # type: ignore[arg-type]
    process = talk.box.start([str(program)], wrap=recording.strace.argv())
    process.wait(talk.run.limit(5.0))
    process.kill()
    return recording.trace()


def _judged(talk: Talk, cell: Cell, room: str) -> Cell:
    """Start a member that is struck, then one that is not; then both leave."""
    talk.room = room
    recording = _recorded(talk, cell)
    story, evidence = "", []
    try:
        _alone(talk, recording)
        recording = _recorded(talk, cell)
        _scenario(talk, recording)
    except (Failed, TimeLimit) as failure:
        story = str(failure)
        talk.dismiss()
        evidence = list(getattr(failure, "evidence", ()))
    if not story:
        return cell.judged(recording.trace(), True)
    shown = _explained(talk, cell)
    talk.box.__exit__()  # with what was left behind
    talk.box = talk.run.sandbox()
    talk.box.__enter__()
    return cell.judged(recording.trace(), False, [Evidence("note", story), *shown, *evidence])


def _explained(talk: Talk, cell: Cell) -> list[Evidence]:
    """The call that failed, in another run, with the line that made it."""
    recording = _recorded(talk, cell, stacks=True)
    member = talk.start("again", wrap=recording.strace.argv())
    member.hang_up()
    talk.until(lambda: member.ended, 1.0)
    talk.dismiss()
    return recording.exhibit(recording.trace().injected()[:1])


def _alone(talk: Talk, recording: Recording) -> None:
    """A member that makes a room and leaves, or fails: nothing stays."""
    first = talk.start("alone", wrap=recording.strace.argv())
    first.hang_up()
    talk.until(lambda: first.ended)
    if not first.ended:
        raise talk.failed("it does not end", EXPECTED, (first,))
    if talk.ending(first).code != 0:
        _expect_refusal(talk, first)
    talk.forget()
    expect_none(talk, "alone in a room, it has ended")


def _scenario(talk: Talk, recording: Recording) -> None:
    first = talk.start("first", wrap=recording.strace.argv())
    second = _after(talk, first)
    if first.ended:
        _expect_refusal(talk, first)
    else:
        first.say(b"hello")
        second.say(b"hello")
        heard = talk.until(
            lambda: b"second: hello" in first.lines and b"first: hello" in second.lines
        )
        if not heard and not first.ended:
            raise talk.failed("one does not hear the other", EXPECTED, (first, second))
        talk.leave(first)
    talk.leave(second)
    talk.forget()
    expect_none(talk, "in the end")


def _after(talk: Talk, first: Member) -> Member:
    """The second member, once the first one has joined or ended."""
    second = talk.start("second")
    usher = talk.start("usher")
    talk.until(lambda: (second.knows(usher) or usher.knows(second)), STEP)
    if not talk.until(lambda: first.ended or first.knows(second) or second.knows(first), STEP):
        raise talk.failed("one does not find the other", EXPECTED, (first, second))
    talk.leave(usher)
    return second


def _expect_refusal(talk: Talk, member: Member) -> None:
    ending = talk.ending(member)
    said = member.process.stderr_text() if member.process else ""
    if ending.code != 1 or not said.strip():
        raise talk.failed(f"{ending}, stderr: {said!r}", EXPECTED, (member,))


def _full_memory(run: Run) -> None:
    """Start where /dev/shm has less space than a room needs: no SIGBUS."""
    with Talk(run, tmpfs_bytes=SMALL) as talk:
        first = talk.start("first")
        first.say(*[b"x" * 4000] * 40)
        first.hang_up()
        talk.until(lambda: first.ended)
        ending = talk.ending(first)
        if ending.signal is not None or ending.code not in (0, 1):
            observed = f"/dev/shm is full: {ending}"
            raise talk.failed(observed, "a message, exit status 1", (first,))
