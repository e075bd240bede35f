"""Questions to the trace of a drill's test, which lab.toml names: trace = ["no_fd_leak"].

Only what the code under test did counts: the calls between the marks that the test leaves around each
call of it (grader/marks.py). An answer is what is wrong, with the system calls that show it.

There is no sweep of faults by strace for drills: the test's own calls would be hit as well. A test that
wants a call to fail says so itself, at the right moment and for the right call only, with a seccomp
filter (`refuse` in grader/checks/epoll/unit_net.c) or a limit (setrlimit(2)).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Iterable, Iterator

from grader.marks import Stretch, Witness
from grader.strace.call import Call
from grader.strace.run import DESCRIPTORS, TRANSFERS

BLOCK = 4096  # bytes: what a read should ask for at least
RAW = frozenset({"write", "getpid"})
CHANGEABLE = frozenset({"O_APPEND", "O_ASYNC", "O_DIRECT", "O_NOATIME", "O_NONBLOCK"})  # by F_SETFL


@dataclass(frozen=True)
class Answer:
    """What is wrong, what would be right, and the calls that show it: the last one is to blame."""

    observed: str
    expected: str
    calls: tuple[Call, ...]


@dataclass(frozen=True)
class Question:
    """What a trace must show, and how it is looked at."""

    calls: frozenset[str]
    ask: Callable[[Witness], Iterator[Answer]]


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


def _one_call_decides(witness: Witness) -> Iterator[Answer]:
    """A file is made by O_EXCL and written to by O_APPEND, or under a lock: nobody comes between."""
    locks = [call for call in witness.trace.calls("flock", "fcntl") if _locks(call)]
    for call in witness.trace.calls("open", "openat", "write", "writev", "pwrite64"):
        stretch = witness.stretch(call)
        if stretch is None or any(lock in stretch for lock in locks):
            continue
        held = witness.trace.descriptor(call) if "write" in call.name else None
        opened = held.file.opened if held else None
        if opened is not None and opened in stretch and not _has_flag(opened, "O_APPEND"):
            told = "the end of the file is looked for before, and others may write there meanwhile"
            yield Answer(told, "a file opened with O_APPEND", (opened, call))


def _exclusive(witness: Witness) -> Iterator[Answer]:
    """A file that is made is made by O_EXCL: whoever only looks before may be second."""
    for call in witness.trace.calls("open", "openat"):
        if witness.own(call) and _has_flag(call, "O_CREAT") and not _has_flag(call, "O_EXCL"):
            told = "O_CREAT without O_EXCL: this call does not tell who made the file"
            yield Answer(told, "one call that makes the file or fails", (call,))


def _born_private(witness: Witness) -> Iterator[Answer]:
    """A file that is made with O_CREAT has no bit for others from the beginning."""
    for call in witness.trace.calls("open", "openat"):
        mode = call.arg(2 if call.name == "open" else 3).value
        if witness.own(call) and _has_flag(call, "O_CREAT") and (mode or 0) & 0o177:
            told = f"the file is born with mode {mode:04o}, less the umask"
            yield Answer(told, "at most 0600 at its birth", (call,))


def _effective(witness: Witness) -> Iterator[Answer]:
    """Access is asked for the effective IDs."""
    for call in witness.trace.calls("access", "faccessat", "faccessat2"):
        if witness.own(call) and not _has_flag(call, "AT_EACCESS"):
            yield Answer("access is asked for the real IDs", "faccessat with AT_EACCESS", (call,))


def _no_dup(witness: Witness) -> Iterator[Answer]:
    """Descriptors are duplicated by fcntl only."""
    for call in witness.trace.calls("dup", "dup2", "dup3"):
        if witness.own(call):
            yield Answer(f"{call.name} is called", "fcntl with F_DUPFD", (call,))


def _has_flag(call: Call, flag: str) -> bool:
    return any(flag in arg.flags for arg in call.args)


def _locks(call: Call) -> bool:
    wanted = {"LOCK_EX", "F_SETLKW", "F_OFD_SETLKW"}
    return any(arg.flags & wanted for arg in call.args)


OPENING = frozenset({"open", "openat"})
ACCESS = frozenset({"access", "faccessat", "faccessat2"})
QUESTIONS = {
    "one_call_decides": Question(DESCRIPTORS | TRANSFERS | {"flock"}, _one_call_decides),
    "exclusive": Question(OPENING, _exclusive),
    "born_private": Question(OPENING, _born_private),
    "effective_ids": Question(ACCESS, _effective),
    "no_dup": Question(DESCRIPTORS, _no_dup),
    "no_fd_leak": Question(DESCRIPTORS, _no_fd_leak),
    "flags_kept": Question(DESCRIPTORS, _flags_kept),
    "in_blocks": Question(DESCRIPTORS | TRANSFERS, _in_blocks),
    "own_instructions": Question(RAW, _own_instructions),
    "short_writes_continued": Question(DESCRIPTORS | TRANSFERS, _short_writes_continued),
}
