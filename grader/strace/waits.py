"""Every call that waits for several descriptors at once: epoll, poll, select and their kin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable

from grader.strace.call import Call
from grader.strace.descriptors import Descriptor, numbers_used
from grader.strace.announce import EPOLL_WAITS, EpollReturn
from grader.strace.table import Tables

POLLS = frozenset({"poll", "ppoll"})
SELECTS = frozenset({"select", "pselect6"})
ALL = EPOLL_WAITS | POLLS | SELECTS


@dataclass(frozen=True)
class Wait:
    """One wait. `descriptors` are those of a poll or select; for epoll, ask the registrations."""

    call: Call
    kind: str  # "epoll", "poll" or "select"
    descriptors: tuple[Descriptor, ...]
    timeout: float | None  # milliseconds; negative: without end; None: not shown

    @property
    def returned(self) -> int | None:
        """How many were ready, 0 for a time-out, -1 for an error, None if it never ended."""
        return self.call.result


def waits(
    calls: Iterable[Call], tables: Tables, returned: Iterable[EpollReturn]
) -> tuple[Wait, ...]:
    """Return every wait of the calls, in the order in which they began."""
    timeouts = {r.call.index: r.timeout for r in returned}
    found = []
    for call in calls:
        if call.name in EPOLL_WAITS:
            found.append(Wait(call, "epoll", (), timeouts.get(call.index)))
        elif call.name in ALL:
            held = [tables.at.get((call.index, number)) for number in numbers_used(call)]
            known = tuple(descriptor for descriptor in held if descriptor is not None)
            kind = "poll" if call.name in POLLS else "select"
            found.append(Wait(call, kind, known, _timeout(call)))
    return tuple(found)


def _timeout(call: Call) -> float | None:
    arg = call.arg(2 if call.name in POLLS else 4)
    if call.name == "poll":
        return None if arg.value is None else float(arg.value)
    return -1.0 if arg.text == "NULL" else arg.milliseconds
