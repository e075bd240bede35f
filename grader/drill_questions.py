"""Questions to the trace of a drill's test, which lab.toml names: trace = ["no_fd_leak"].

Only what the code under test did counts: the calls between the marks that the test leaves around each
call of it (grader/marks.py). An answer is what is wrong, with the system calls that show it.

There is no sweep of faults by strace for drills: the test's own calls would be hit as well. A test makes
calls fail itself, at the right moment and one after the other, with a seccomp filter (`refuse` and test
`errors` in grader/checks/epoll/unit_net.c) or a limit (setrlimit(2)).
"""

from __future__ import annotations

from typing import Iterable, Iterator

from grader.file_questions import FILE_QUESTIONS
from grader.marks import Stretch, Witness
from grader.question import Answer as Answer
from grader.question import Question as Question
from grader.strace.call import Call
from grader.strace.run import DESCRIPTORS, TRANSFERS, WAITS

BLOCK = 4096  # bytes: what a read should ask for at least
RAW = frozenset({"write", "getpid"})
KERNEL = frozenset(
    "futex sched_yield nanosleep clock_nanosleep semop semtimedop fcntl flock read write".split()
)
CHANGEABLE = frozenset({"O_APPEND", "O_ASYNC", "O_DIRECT", "O_NOATIME", "O_NONBLOCK"})  # by F_SETFL


def ask(names: Iterable[str], witness: Witness) -> list[Answer]:
    """Return what is wrong, by the questions of these names; an empty list if nothing is."""
    return [answer for name in names for answer in QUESTIONS[name].ask(witness)]


def calls(names: Iterable[str]) -> frozenset[str]:
    """Return the system calls that must be traced for these questions."""
    return frozenset(call for name in names for call in QUESTIONS[name].calls)


def _no_fd_leak(witness: Witness) -> Iterator[Answer]:
    """No descriptor that a call has opened is open when it returns; for tests in which all calls fail."""
    for descriptor in witness.trace.descriptors():
        stretch = witness.stretch(descriptor.opened) if descriptor.opened else None
        if stretch is None or stretch.leave is None or not descriptor.opened:
            continue
        if descriptor.process == witness.test and descriptor.open_at(stretch.leave.index):
            uses = [use for use in descriptor.uses if use in stretch]
            yield Answer(
                f"descriptor {descriptor.number} is still open when the call returns",
                "whatever a call that fails has opened is closed again",
                (*uses, descriptor.opened),
            )


def _flags_kept(witness: Witness) -> Iterator[Answer]:
    """Whoever sets the file status flags has asked for them before, and leaves the others on."""
    for call in witness.trace.calls("fcntl"):
        stretch = witness.stretch(call)
        if stretch is None or "F_SETFL" not in call.arg(1).flags:
            continue
        asked = _asked(witness, call, stretch)
        if asked is None:
            yield Answer(
                "F_SETFL without F_GETFL before it: flags that others have set are lost",
                "the flags are read, one is added, and all of them are set",
                (call,),
            )
        elif lost := _flags(asked.result_text) - call.arg(2).flags:
            gone = ", ".join(sorted(lost))
            yield Answer(f"F_SETFL drops {gone}", "all other flags are kept", (asked, call))


def _asked(witness: Witness, call: Call, stretch: Stretch) -> Call | None:
    """The last F_GETFL of the same file in the same stretch."""
    held = witness.trace.descriptor(call)
    before = (c for c in witness.trace.calls("fcntl") if c in stretch and c.index < call.index)
    found = [c for c in before if "F_GETFL" in c.arg(1).flags]
    same = [c for c in found if held and (d := witness.trace.descriptor(c)) and d.file is held.file]
    return same[-1] if same else None


def _flags(text: str) -> frozenset[str]:
    """The changeable flags but O_NONBLOCK in `(flags O_RDWR|O_APPEND)`."""
    words = frozenset(text.strip("()").removeprefix("flags ").split("|"))
    return words & CHANGEABLE - {"O_NONBLOCK"}


def _short_writes_continued(witness: Witness) -> Iterator[Answer]:
    """After a write that took less than it was offered comes another one, in the same call."""
    writes = [write for write in witness.trace.writes() if witness.own(write.call)]
    for write in writes:
        stretch = witness.stretch(write.call)
        later = (
            each
            for each in writes
            if each.descriptor.file is write.descriptor.file
            and each.call.index > write.call.index
            and stretch is not None
            and each.call in stretch
        )
        if write.short and next(later, None) is None:
            yield Answer(
                f"a write took {write.moved} of {write.asked} bytes, and the rest is not written",
                "short writes are continued",
                (write.call,),
            )


def _in_blocks(witness: Witness) -> Iterator[Answer]:
    """Reads ask for blocks, whatever they get; few writes offer less than one."""
    for read in witness.trace.reads():
        if witness.own(read.call) and read.asked is not None and read.asked < BLOCK:
            observed = (
                f"a read asks for {read.asked} bytes only: a system call costs more than they do"
            )
            yield Answer(observed, f"reads of {BLOCK} bytes or more", (read.call,))
            return


def _own_instructions(witness: Witness) -> Iterator[Answer]:
    """The calls are made, and by instructions of the code under test: not in a library."""
    made = [call for call in witness.trace.calls(*RAW) if witness.own(call)]
    if not made:
        enters = tuple(stretch.enter for stretch in witness.stretches[:1])
        if enters:
            yield Answer("no system call is made", "each call enters the kernel", enters)
    for call in made:
        if witness.in_library(call):
            observed = f"{call.name} is called by an instruction in a library, not by your own"
            yield Answer(observed, "the code enters the kernel by itself", (call,))
            return


def _no_kernel(witness: Witness) -> Iterator[Answer]:
    """No call that locks, waits or yields; for tests in which nobody else wants what the code takes."""
    for call in witness.trace.calls(*KERNEL):
        if witness.own(call):
            yield Answer(f"it calls {call.name}", "no system call: nobody else wants it", (call,))
            return


def _through_memory(witness: Witness) -> Iterator[Answer]:
    """What one process reads another one writes, and shared memory lies between them."""
    expected = "one process reads, another one writes, shared memory is between them"
    reads = [r.call for r in witness.trace.reads() if witness.own(r.call) and (r.moved or 0) > 0]
    writes = [w.call for w in witness.trace.writes() if witness.own(w.call)]
    writes = [
        call for call in writes if not call.arg(0).path.startswith("/dev/shm/")
    ]  # sem_open(3)
    both = {call.pid for call in reads} & {call.pid for call in writes}
    if both:
        calls_ = [call for call in (*reads, *writes) if call.pid in both]
        yield Answer("one process reads and writes", expected, tuple(calls_[:2]))
    maps = [call for call in witness.trace.calls("mmap", "shmat") if witness.own(call)]
    shared = [c for c in maps if c.name == "shmat" or "MAP_SHARED" in c.arg(3).flags]
    if reads and not shared:
        yield Answer("no memory is shared", expected, tuple(reads[:1]))


def _waits_by(*names: str) -> Question:
    """Each call of the code under test waits at most once, and by one of these system calls."""

    def ask_waits(witness: Witness) -> Iterator[Answer]:
        expected = f"every wait is one call of {names[0]}"
        waits = [call for call in witness.trace.calls(*WAITS) if witness.own(call)]
        if not waits:
            yield Answer(f"{names[0]} is never called", expected, ())
        for call in waits:
            if call.name not in names:
                yield Answer(f"it waits by {call.name}", expected, (call,))
                return
        for before, call in zip(waits, waits[1:]):
            if witness.stretch(before) == witness.stretch(call):
                yield Answer("it waits twice in one call", expected, (before, call))
                return

    return Question(WAITS, ask_waits)


QUESTIONS = {
    **FILE_QUESTIONS,
    "no_fd_leak": Question(DESCRIPTORS, _no_fd_leak),
    "flags_kept": Question(DESCRIPTORS, _flags_kept),
    "in_blocks": Question(DESCRIPTORS | TRANSFERS, _in_blocks),
    "own_instructions": Question(RAW, _own_instructions),
    "short_writes_continued": Question(DESCRIPTORS | TRANSFERS, _short_writes_continued),
    "no_kernel": Question(KERNEL, _no_kernel),
    "through_memory": Question(DESCRIPTORS | TRANSFERS | {"mmap", "shmat"}, _through_memory),
    "waits_by_select": _waits_by("select", "pselect6"),
    "waits_by_poll": _waits_by("poll", "ppoll"),
    "waits_by_epoll": _waits_by("epoll_wait", "epoll_pwait", "epoll_pwait2"),
}
