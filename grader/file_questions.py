"""Questions to the trace of a drill about files: who decides, who may read, on whose behalf."""

from __future__ import annotations

from typing import Iterator

from grader.marks import Witness
from grader.question import Answer, Question
from grader.strace.call import Call
from grader.strace.run import DESCRIPTORS, TRANSFERS


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


def _races(_: Witness) -> Iterator[Answer]:
    """Nothing is asked: a tracer that stops at these calls gives others the time to come between two of them."""
    yield from ()


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
FILE_QUESTIONS = {
    "one_call_decides": Question(DESCRIPTORS | TRANSFERS | {"flock"}, _one_call_decides),
    "races": Question(DESCRIPTORS | TRANSFERS | ACCESS | {"lseek"}, _races),
    "exclusive": Question(OPENING, _exclusive),
    "born_private": Question(OPENING, _born_private),
    "effective_ids": Question(ACCESS, _effective),
    "no_dup": Question(DESCRIPTORS, _no_dup),
}
