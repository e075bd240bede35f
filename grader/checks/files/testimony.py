"""A walk that failed is run again under strace: which calls tell why, and which line made them."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Callable, Sequence, TypeVar

from grader.checks.files.shown import exhibit
from grader.checks.files.walker import Forest
from grader.outcome import Failed
from grader.recording import NOT_TRACED, Recording, record
from grader.result import Evidence
from grader.strace.ask import Trace
from grader.strace.call import Call

STATS = ("newfstatat", "statx", "lstat", "stat", "access", "faccessat", "faccessat2")
OPENS = ("openat", "open", "openat2")
READS = ("getdents64", "getdents")
CALLS = (*STATS, *OPENS, *READS, "close", "fchdir", "chdir", "readlink", "readlinkat")
WAITS = ("futex", "write", "writev", "read")
NAME = 300  # bytes of a string that strace shows: more than the longest name
MOST = 32 << 20  # bytes of a trace that is looked at: big trees are not
LAST = 4  # calls that are shown where nothing better is known

Done = TypeVar("Done")
Attempt = Callable[[Sequence[str]], Done]


def witnessed(forest: Forest, attempt: Attempt[Done], big: bool = False) -> Done:
    """Return attempt(()); where it raises Failed, try again traced, and add what the trace tells.

    big: there are too many calls for stacks, and only those that open and close are traced.
    """
    try:
        return attempt(())
    except Failed as failure:
        failure.evidence = (*_testimony(forest, attempt, big), *failure.evidence)
        raise


def _testimony(forest: Forest, attempt: Attempt[Done], big: bool) -> list[Evidence]:
    """What a second run shows; nothing if it does not fail again, or cannot be traced."""
    run = forest.run
    calls = (*OPENS, "close") if big else (*CALLS, *WAITS)
    recording = record(run, run.program(), calls, stacks=not big, strings=NAME)
    with suppress(*NOT_TRACED):
        try:
            attempt(recording.strace.argv())
        except Failed as failure:
            trace = recording.strace.trace(str(run.program()), most=MOST)
            return _telling(recording, trace, getattr(failure, "path", b""))
    return []


def _telling(recording: Recording, trace: Trace, path: bytes) -> list[Evidence]:
    """The calls that tell most: a death, calls that never returned, those about one entry, the last."""
    deaths = [exit for exit in trace.exits() if exit.signal and exit.signal != "SIGKILL"]
    if deaths:
        before = [call for call in trace.calls() if call.index < deaths[0].index]
        return exhibit(recording, before[-2:], note=f"then: killed by {deaths[0].signal}")
    stuck = [call for call in trace.calls() if call.unfinished]
    if stuck:
        return exhibit(recording, stuck[:LAST], note="never returned")
    refused = [call for call in trace.calls(*OPENS) if call.errno in ("EMFILE", "ENAMETOOLONG")]
    if refused:
        return exhibit(recording, refused[:LAST])
    about = calls_about(trace, path) if path else []
    return exhibit(recording, (about or list(trace.calls()))[-LAST:])


def calls_about(trace: Trace, path: bytes) -> list[Call]:
    """Return the calls that name an entry; if there are none, those on the folder that holds it."""
    named = [call for call in trace.calls(*STATS, *OPENS) if _means(call, path)]
    folder = os.path.dirname(path)
    if named or not folder:
        return named
    opened = [call for call in trace.calls(*OPENS) if _means(call, folder)]
    read = [call for call in trace.calls(*READS) if _on(call, folder)]
    return [*opened[:1], *read[:2]]


def target(call: Call) -> bytes:
    """Return the path that a call on a name means, as far as its folder is known, or b""."""
    place = 0 if call.name in ("open", "stat", "lstat", "access", "readlink") else 1
    name = call.arg(place).string
    if name is None:
        return b""
    base = os.fsencode(call.arg(0).path) if place else b""
    return os.path.normpath(os.path.join(base, name)) if name else base


def _means(call: Call, path: bytes) -> bool:
    return _ends(target(call), path)


def _on(call: Call, path: bytes) -> bool:
    return _ends(os.fsencode(call.arg(0).path), path)


def _ends(whole: bytes, path: bytes) -> bool:
    wanted = os.path.normpath(path)
    return whole == wanted or whole.endswith(b"/" + wanted)
