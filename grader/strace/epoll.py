"""What a program asked of epoll(7): which descriptors were registered when, for which events."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Iterable

from grader.strace.args import Arg
from grader.strace.call import Call
from grader.strace.descriptors import Descriptor
from grader.strace.table import Tables


@dataclass(eq=False)
class Registration:
    """A descriptor in an epoll set with one mask of events, from line `begin` to line `end`.

    EPOLL_CTL_MOD ends one registration and begins another; EPOLL_CTL_DEL, or closing the last
    descriptor of the file or of the set, ends it. `end` is None if it lasts to the end of the
    trace.
    """

    epoll: Descriptor
    target: Descriptor
    events: frozenset[str]  # EPOLLIN, EPOLLET, EPOLLONESHOT …
    data: int | None  # epoll_data_t as a 64-bit number
    call: Call  # the epoll_ctl(2) that set it
    begin: int
    end: int | None = None
    ended_by: Call | None = None

    def active_at(self, index: int) -> bool:
        """Whether it is in force at line `index`."""
        end = self.last
        return self.begin <= index and (end is None or index < end)

    @property
    def last(self) -> int | None:
        """The line where it stops being in force, or None."""
        ends = (self.end, self.target.file.end, self.epoll.file.end)
        return min((end for end in ends if end is not None), default=None)


_Key = tuple[int, int, int]  # of an epoll set's file, a number, the file it means


@dataclass
class _Sets:
    """The registrations of all epoll sets while the calls are read."""

    found: list[Registration] = field(default_factory=list)
    current: dict[_Key, Registration] = field(default_factory=dict)


def registrations(calls: Iterable[Call], tables: Tables) -> tuple[Registration, ...]:
    """Return every registration that epoll_ctl(2) made, in order."""
    sets = _Sets()
    done = (call for call in calls if call.name == "epoll_ctl" and call.result == 0)
    for call in sorted(done, key=lambda call: call.end_index):
        if not call.injected:
            _control(sets, call, tables)
    return tuple(sets.found)


def _control(sets: _Sets, call: Call, tables: Tables) -> None:
    epoll, target = tables.used(call), tables.used(call, 2)
    if epoll is None or target is None:
        return
    key = (id(epoll.file), target.number, id(target.file))
    old = sets.current.pop(key, None)
    if old is not None:
        old.end, old.ended_by = call.end_index, call
    if "EPOLL_CTL_DEL" in call.arg(1).flags:
        return
    event = call.arg(3).struct
    events = event["events"].flags if "events" in event else frozenset()
    new = Registration(epoll, target, events, epoll_data(event), call, call.end_index)
    sets.current[key] = new
    sets.found.append(new)


def epoll_data(event: dict[str, Arg]) -> int | None:
    """Return the 64 bits of `data` as strace 6.1 ({u32=5, u64=5}) and 6.13 (0x5) print them."""
    data = event.get("data")
    if data is None:
        return None
    return data.struct["u64"].value if "u64" in data.struct else data.value
