"""What each wait on an epoll set returned, and which descriptors it announced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable, Union

from grader.strace.call import Call
from grader.strace.descriptors import Descriptor, File
from grader.strace.epoll import Registration, epoll_data
from grader.strace.table import Tables

EPOLL_WAITS = frozenset({"epoll_wait", "epoll_pwait", "epoll_pwait2"})


@dataclass(frozen=True)
class Ready:
    """One entry of what epoll_wait(2) returned; `targets` were registered with its data."""

    data: int | None
    events: frozenset[str]
    targets: tuple[Descriptor, ...]

    @property
    def target(self) -> Descriptor | None:
        """What it announces, or None if the data does not tell one descriptor from another."""
        return self.targets[0] if len(self.targets) == 1 else None


@dataclass(frozen=True)
class EpollReturn:
    """An epoll_wait(2) that ended: by events (`count` > 0), time-out (0) or an error (-1)."""

    call: Call
    epoll: Descriptor | None
    ready: tuple[Ready, ...]
    count: int
    timeout: float | None  # milliseconds; negative: without end; None: not shown

    @property
    def complete(self) -> bool:
        """Whether strace printed every entry (it cuts lists at the length that -s sets)."""
        return len(self.ready) >= self.count

    def files(self) -> list[File]:
        """The files on which this return announces something, as far as it was printed."""
        found = {id(t.file): t.file for ready in self.ready for t in ready.targets}
        return list(found.values())


_Key = tuple[int, Union[int, None]]  # an epoll set's file or a wait, and the data
_Found = dict[_Key, dict[int, Descriptor]]  # the descriptors, by their files


def returns(
    calls: Iterable[Call], tables: Tables, registered: Iterable[Registration]
) -> tuple[EpollReturn, ...]:
    """Return every wait on an epoll set that has ended, in the order in which they began."""
    waits = (call for call in calls if call.name in EPOLL_WAITS)
    ended = [call for call in waits if call.result is not None or call.failed]
    found = _targets(ended, tables, registered)
    return tuple(_return(call, tables, found) for call in ended)


def _return(call: Call, tables: Tables, found: _Found) -> EpollReturn:
    count = -1 if call.result is None else call.result
    entries = [item.struct for item in call.arg(1).items if item.struct] if count > 0 else []
    ready = []
    for entry in entries:
        data = epoll_data(entry)
        events = entry["events"].flags if "events" in entry else frozenset()
        ready.append(Ready(data, events, tuple(found.get((call.index, data), {}).values())))
    return EpollReturn(call, tables.used(call), tuple(ready), count, _timeout(call))


def _targets(calls: Iterable[Call], tables: Tables, registered: Iterable[Registration]) -> _Found:
    """Which files were registered with the data that a wait returned, as it began or ended.

    One pass over the lines of the trace: what changes a set comes before what asks for it.
    """
    steps: list[tuple[int, int, Registration | Call]] = []
    for registration in registered:
        end = registration.last
        if end is None or registration.begin < end:
            steps.append((registration.begin, 1, registration))
            steps += [] if end is None else [(end, 0, registration)]
    for call in calls:
        steps += [(call.index, 2, call), (call.end_index, 2, call)]
    active: _Found = {}
    found: _Found = {}
    for _, kind, what in sorted(steps, key=lambda step: step[:2]):
        if isinstance(what, Call):
            _look_up(what, tables, active, found)
            continue
        held = active.setdefault((id(what.epoll.file), what.data), {})
        if kind:
            held[id(what.target.file)] = what.target
        else:
            held.pop(id(what.target.file), None)
    return found


def _look_up(call: Call, tables: Tables, active: _Found, found: _Found) -> None:
    epoll = tables.used(call)
    if epoll is None:
        return
    for item in call.arg(1).items:
        data = epoll_data(item.struct)
        known = active.get((id(epoll.file), data), {})
        found.setdefault((call.index, data), {}).update(known)


def _timeout(call: Call) -> float | None:
    """Milliseconds; epoll_pwait2 has a struct timespec, and NULL for ever."""
    timeout = call.arg(3)
    if call.name == "epoll_pwait2":
        return -1.0 if timeout.text == "NULL" else timeout.milliseconds
    return None if timeout.value is None else float(timeout.value)
