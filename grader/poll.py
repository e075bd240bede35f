"""Wait for one descriptor, whatever its number: select(2) knows none from 1024 on, and Python's raises."""

from __future__ import annotations

import select
from typing import Protocol


class HasFileno(Protocol):
    """A file, a pipe, a socket."""

    def fileno(self) -> int:
        """Return its descriptor."""


def ready(source: int | HasFileno, events: int, seconds: float) -> bool:
    """Return whether one of the events (POLLIN, POLLOUT), an end or an error comes in `seconds`; see poll(2)."""
    poll = select.poll()
    poll.register(source, events)
    return bool(poll.poll(max(seconds, 0) * 1000))


def ready_to_read(source: int | HasFileno, seconds: float) -> bool:
    """Return whether bytes, end-of-file or an error can be had, waiting `seconds` for it.

    Of a pidfd: whether the process has ended, see pidfd_open(2).
    """
    return ready(source, select.POLLIN, seconds)
