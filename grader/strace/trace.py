"""A trace: the events of one program, in stretches, by name, by process and by descriptor."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Collection, Hashable, Iterable, TypeVar, cast

from grader.strace.descriptors import Descriptor
from grader.strace.events import Call, Event, Exit, Garbage, Signal
from grader.strace.family import SPAWNING, Member, family, without_others
from grader.strace.parse import parse
from grader.strace.table import Tables

E = TypeVar("E", bound="Events")
K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Events:
    """What one program did, from its own execve on, with all its processes and threads.

    It never changes. `since` and `between` give a view of a stretch of it: the questions then
    answer about that stretch only, with the knowledge of the whole (what a descriptor is, how it
    blocks).
    """

    events: tuple[Event, ...]
    start: Call | None = None  # the execve of the program; None if the trace is not cut to one
    launcher: tuple[Event, ...] = ()  # what others did: the launcher (gate)
    whole: Events | None = field(default=None, repr=False)  # of a view: the trace it is a view of
    kin: dict[int, Member] | None = field(default=None, repr=False)  # where not all events are left

    @classmethod
    def of(cls: type[E], text: str, program: str = "") -> E:
        """Parse strace's output. With `program` (its path), keep only what that program did."""
        events = parse(text)
        if not program:
            return cls(events)
        kept, start = without_others(events, program)
        ours = {event.index for event in kept}
        return cls(kept, start, tuple(event for event in events if event.index not in ours))

    # -- stretches ---------------------------------------------------------------------------------

    def between(self: E, begin: float | Call, end: float | Call | None = None) -> E:
        """Return the view of what began in [begin, end), each a moment of time.time() or a call."""
        chosen = tuple(e for e in self.events if _not_before(e, begin) and not _not_before(e, end))
        return replace(self, events=chosen, whole=self._all)

    def since(self: E, begin: float | Call) -> E:
        """Return the view of what began at or after a moment of time.time(), or with a call."""
        return self.between(begin)

    def without(self: E, pids: Collection[int]) -> E:
        """Return a trace in which there are no such processes and threads."""
        events = tuple(e for e in self.events if getattr(e, "pid", None) not in pids)
        kin = {pid: member for pid, member in self.members.items() if pid not in pids}
        return replace(self, events=events, kin=kin)

    @property
    def _all(self: E) -> E:
        return self if self.whole is None else cast(E, self.whole)

    # -- events ------------------------------------------------------------------------------------

    def calls(self, *names: str) -> tuple[Call, ...]:
        """Return the calls with these names, or all, in the order in which they began."""
        if not names:
            return self._every_call
        found = [call for name in {*names} for call in self._calls_by_name.get(name, ())]
        return tuple(sorted(found, key=lambda call: call.index))

    @cached_property
    def _every_call(self) -> tuple[Call, ...]:
        return tuple(event for event in self.events if isinstance(event, Call))

    @cached_property
    def _calls_by_name(self) -> dict[str, list[Call]]:
        return grouped((call.name, call) for call in self._every_call)

    def signals(self, *names: str) -> tuple[Signal, ...]:
        """Return the signals delivered, all or those named (SIGTERM …)."""
        return tuple(
            e for e in self.events if isinstance(e, Signal) and (not names or e.name in names)
        )

    def exits(self) -> tuple[Exit, ...]:
        """Return how its processes and threads ended."""
        return tuple(event for event in self.events if isinstance(event, Exit))

    def garbage(self) -> tuple[Garbage, ...]:
        """Return what could not be read: empty for an honest trace, a cut last line apart."""
        return tuple(event for event in self.events if isinstance(event, Garbage))

    def injected(self, *names: str) -> tuple[Call, ...]:
        """Return the calls whose result strace made up (-e inject=), all or those named."""
        return tuple(call for call in self.calls(*names) if call.injected)

    # -- processes and threads ---------------------------------------------------------------------

    @cached_property
    def members(self) -> dict[int, Member]:
        """Every process and thread, by pid."""
        if self.kin is not None:
            return self.kin
        return self._all.members if self.whole else family(self.events)

    def by_all_threads(self, *names: str) -> tuple[Call, ...]:
        """Return the calls of the program itself, made by whichever thread: not those of its children."""
        first = self.start.pid if self.start else 0
        return tuple(call for call in self.calls(*names) if self.members[call.pid].process == first)

    def spawns(self) -> tuple[Call, ...]:
        """Return the calls that made a process or a thread."""
        return tuple(call for call in self.calls(*SPAWNING) if not call.failed)

    def threads(self) -> tuple[Call, ...]:
        """Return the calls that made a thread (CLONE_THREAD)."""
        return tuple(call for call in self.spawns() if "CLONE_THREAD" in call.arg("flags").flags)

    def forks(self) -> tuple[Call, ...]:
        """Return the calls that made a process."""
        return tuple(
            call for call in self.spawns() if "CLONE_THREAD" not in call.arg("flags").flags
        )

    # -- descriptors -------------------------------------------------------------------------------

    @cached_property
    def tables(self) -> Tables:
        """The model of all descriptor tables."""
        return self._all.tables if self.whole else Tables(self.calls(), self.members)

    def descriptors(self, kind: str = "") -> tuple[Descriptor, ...]:
        """Return every descriptor there was: all, or those of a kind (see descriptors.KINDS)."""
        return tuple(d for d in self.tables.descriptors if not kind or d.kind == kind)

    def descriptor(self, call: Call, place: int = 0) -> Descriptor | None:
        """Return the descriptor that argument number `place` of a call means, or None."""
        return self.tables.used(call, place)

    def connections(self) -> tuple[Descriptor, ...]:
        """Return the sockets accepted in this stretch, by the numbers that accept gave them."""
        found = (d for d in self.descriptors("connection") if d.opened is d.file.opened)
        return tuple(d for d in found if d.opened is not None and d.opened in self)

    def listeners(self) -> tuple[Descriptor, ...]:
        """Return the sockets that were ever made listening."""
        return tuple(d for d in self.descriptors() if d.file.listen and d is d.file.descriptors[0])

    def __contains__(self, event: Event) -> bool:
        return event.index in self._indexes

    @cached_property
    def _indexes(self) -> frozenset[int]:
        return frozenset(event.index for event in self.events)


def grouped(pairs: Iterable[tuple[K, T]]) -> dict[K, list[T]]:
    """Return the items of (key, item) pairs by key, in order."""
    groups: dict[K, list[T]] = {}
    for key, item in pairs:
        groups.setdefault(key, []).append(item)
    return groups


def _not_before(event: Event, moment: float | Call | None) -> bool:
    """Whether the event began at `moment` or later; None is the end of time."""
    if moment is None:
        return False
    if isinstance(moment, Call):
        return event.index >= moment.index
    time = getattr(event, "time", None)
    return time is not None and time >= moment
