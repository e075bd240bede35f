"""Which process or thread made which, from clone and its kin and the pids that appear."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable

from grader.strace.events import Call, Event, Exit, Garbage, Note, Signal, Superseded

SPAWNING = frozenset({"clone", "clone3", "fork", "vfork"})


@dataclass(frozen=True)
class Member:
    """A process or a thread of the traced program.

    `process` is the pid of its process (its own, unless it is a thread); `spawn` the call that
    made it, None for the first one and where the trace does not show it.
    """

    pid: int
    process: int
    parent: int | None
    spawn: Call | None
    thread: bool
    shares_files: bool  # CLONE_FILES: one descriptor table with its parent
    index: int  # where it was first seen


def family(events: Iterable[Event]) -> dict[int, Member]:
    """Return every pid of the events with its Member.

    The child of a call is the pid that it returned. Inside a PID namespace that is another number,
    unless strace translates it (--pidns-translation); then a new pid is the child of the earliest
    call that has none yet.
    """
    seen = _first_seen(events)
    spawns = [e for e in events if isinstance(e, Call) and e.name in SPAWNING and not e.failed]
    exact = {call.result_pid: call for call in spawns if call.result_pid in seen}
    waiting = [call for call in spawns if call.result_pid not in seen]
    members: dict[int, Member] = {}
    for pid, index in seen.items():
        spawn = exact.get(pid)
        if spawn is None and members:
            spawn = next((call for call in waiting if call.index < index), None)
            if spawn is not None:
                waiting.remove(spawn)
        members[pid] = _member(pid, index, spawn, members)
    return members


def _first_seen(events: Iterable[Event]) -> dict[int, int]:
    seen: dict[int, int] = {}
    for event in events:
        if isinstance(event, (Call, Signal, Exit, Superseded)):
            seen.setdefault(event.pid, event.index)
    return seen


def _member(pid: int, index: int, spawn: Call | None, members: dict[int, Member]) -> Member:
    if spawn is None or spawn.pid not in members:
        return Member(pid, pid, None, spawn, False, False, index)
    flags = spawn.arg("flags").flags
    thread = "CLONE_THREAD" in flags
    process = members[spawn.pid].process if thread else pid
    return Member(pid, process, spawn.pid, spawn, thread, "CLONE_FILES" in flags, index)


def without_others(
    events: tuple[Event, ...], program: str
) -> tuple[tuple[Event, ...], Call | None]:
    """Return the events of `program` and its descendants, from its execve on, and that execve.

    What came before (the launcher) and what the launcher does later is left out. Without a
    successful execve of that path there are no events.
    """
    start = next((event for event in events if _starts(event, program)), None)
    if not isinstance(start, Call):
        return (), None
    others = _first_seen(event for event in events if event.index < start.index)
    others.pop(start.pid, None)
    kept = [
        event
        for event in events
        if event.index >= start.index
        and (isinstance(event, (Note, Garbage)) or event.pid not in others)
    ]
    return tuple(kept), start


def _starts(event: Event, program: str) -> bool:
    if not isinstance(event, Call) or event.name not in ("execve", "execveat"):
        return False
    path = event.arg(0 if event.name == "execve" else 1).string
    return event.result == 0 and path == program.encode("utf-8", "surrogateescape")
