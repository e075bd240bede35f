"""What a program asked of epoll(7): what was registered when, and what each wait returned."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Iterable

from grader.strace.args import Arg
from grader.strace.call import Call
from grader.strace.descriptors import Descriptor, File
from grader.strace.table import Tables

EPOLL_WAITS = frozenset({"epoll_wait", "epoll_pwait", "epoll_pwait2"})


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
        ends = [
            end for end in (self.end, self.target.file.end, self.epoll.file.end) if end is not None
        ]
        return self.begin <= index and all(index < end for end in ends)


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


@dataclass
class _Sets:
    """The registrations of all epoll sets while the calls are read."""

    found: list[Registration] = field(default_factory=list)
    current: dict[tuple[int, int, int], Registration] = field(
        default_factory=dict
    )  # set, number, file


def registrations(calls: Iterable[Call], tables: Tables) -> tuple[Registration, ...]:
    """Return every registration that epoll_ctl(2) made, in order."""
    sets = _Sets()
    done = (call for call in calls if call.name == "epoll_ctl" and call.result == 0)
    for call in sorted(done, key=lambda call: call.end_index):
        if not call.injected:
            _control(sets, call, tables)
    return tuple(sets.found)


def _control(sets: _Sets, call: Call, tables: Tables) -> None:
    epoll = tables.at.get((call.index, _number(call.arg(0))))
    target = tables.at.get((call.index, _number(call.arg(2))))
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


def _number(arg: Arg) -> int:
    return -1 if arg.fd is None else arg.fd


def epoll_data(event: dict[str, Arg]) -> int | None:
    """Return the 64 bits of `data` as strace 6.1 ({u32=5, u64=5}) and 6.13 (0x5) print them."""
    data = event.get("data")
    if data is None:
        return None
    return data.struct["u64"].value if "u64" in data.struct else data.value


def returns(
    calls: Iterable[Call], tables: Tables, registered: Iterable[Registration]
) -> tuple[EpollReturn, ...]:
    """Return every wait on an epoll set that has ended, in the order in which they began."""
    by_set: dict[tuple[int, int | None], list[Registration]] = {}
    for registration in registered:
        by_set.setdefault((id(registration.epoll.file), registration.data), []).append(registration)
    found = []
    for call in calls:
        if call.name in EPOLL_WAITS and (call.result is not None or call.failed):
            epoll = tables.at.get((call.index, _number(call.arg(0))))
            ready = tuple(
                _ready(item, call, epoll, by_set) for item in call.arg(1).items if item.struct
            )
            count = -1 if call.result is None else call.result
            found.append(
                EpollReturn(call, epoll, ready if count > 0 else (), count, _timeout(call))
            )
    return tuple(found)


def _ready(
    item: Arg,
    call: Call,
    epoll: Descriptor | None,
    by_set: dict[tuple[int, int | None], list[Registration]],
) -> Ready:
    """One entry, its targets found by the data with which they are registered."""
    data = epoll_data(item.struct)
    events = item.struct["events"].flags if "events" in item.struct else frozenset()
    fitting = by_set.get((id(epoll.file), data), []) if epoll is not None else []
    active = [r for r in fitting if r.active_at(call.end_index) or r.active_at(call.index)]
    return Ready(data, events, tuple({id(r.target.file): r.target for r in active}.values()))


def _timeout(call: Call) -> float | None:
    """Milliseconds; epoll_pwait2 has a struct timespec, and NULL for ever."""
    timeout = call.arg(3)
    if call.name == "epoll_pwait2":
        return -1.0 if timeout.text == "NULL" else timeout.milliseconds
    return None if timeout.value is None else float(timeout.value)
