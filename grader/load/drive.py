"""The engine: many tasks, one per connection, moved on by one epoll instance until all are done.

A task says which events it waits for; the engine waits for all of them together. No threads, no sleeping.
"""

from __future__ import annotations

import select
import socket
import time
from dataclasses import dataclass
from typing import Sequence

from grader.outcome import Failed
from grader.load.trouble import RESET, SILENT, Trouble, errno_text
from grader.result import Evidence

DONE = 0  # what a task answers instead of events when it waits for nothing more
READ, WRITE = select.EPOLLIN, select.EPOLLOUT
GRACE = 0.25  # seconds to go on after the first trouble: more evidence, but no long wait
MOST_EVENTS = 512  # of one epoll_wait
MOST_TROUBLES = 8  # that a report keeps
SHOWN = 3  # of them that a student sees


@dataclass(frozen=True)
class Outcome:
    """What became of many connections: how many there were and went well, the first troubles, seconds."""

    asked: int
    ok: int
    troubles: tuple[Trouble, ...]
    seconds: float

    @property
    def good(self) -> bool:
        """Whether every connection did what it should."""
        return self.ok == self.asked

    def __add__(self, later: Outcome) -> Outcome:
        return Outcome(
            self.asked + later.asked,
            self.ok + later.ok,
            (self.troubles + later.troubles)[:MOST_TROUBLES],
            self.seconds + later.seconds,
        )

    def demand(self, expected: str = "", share: float = 0.0) -> None:
        """Raise Failed, with the troubles as evidence, unless every connection did what it should."""
        if not self.good:
            evidence = [Evidence("output", str(trouble)) for trouble in self.troubles[:SHOWN]]
            raise Failed(self.headline, expected=expected, evidence=evidence, share=share)

    @property
    def headline(self) -> str:
        """How many went well, in one sentence."""
        return f"{self.ok} of {self.asked} connections were served right"

    def __str__(self) -> str:
        return "\n".join([f"{self.headline} ({self.seconds:.2f} s)", *map(str, self.troubles)])


class Task:
    """What happens on one connection. `since`: the time (time.monotonic) when something last moved."""

    __slots__ = ("sock", "number", "trouble", "ok", "since", "mask")

    def __init__(self, sock: socket.socket, number: int):
        self.sock = sock
        self.number = number
        self.trouble: Trouble | None = None
        self.ok = False
        self.since = 0.0
        self.mask = DONE

    def start(self) -> int:
        """Begin; return the events to wait for, or DONE."""
        raise NotImplementedError

    def advance(self, events: int) -> int:
        """Go on after `events`; return the events to wait for next, or DONE."""
        raise NotImplementedError

    def report(self, kind: str, waited: float = 0.0, detail: str = "") -> Trouble:
        """Return the Trouble that describes where this task stands."""
        return Trouble(kind, self.number, detail=detail, waited=waited)

    def fail(self, kind: str, detail: str = "") -> int:
        """Note a trouble; nothing more is waited for."""
        self.trouble = self.report(kind, detail=detail)
        return DONE

    def broken(self, error: OSError) -> int:
        """Note that the connection broke."""
        return self.fail(RESET, errno_text(error))

    def expire(self, waited: float) -> None:
        """Note that nothing has moved for `waited` seconds and that the time is up."""
        self.trouble = self.report(SILENT, waited)

    def finish(self) -> None:
        """Called once at the end, however it came."""


def drive(
    tasks: Sequence[Task], limit: float, at_once: int = 1 << 30, quiet: float | None = None
) -> Outcome:
    """Run all tasks and return what became of them.

    limit: seconds for everything; quiet: seconds without any event at all after which the rest counts
    as silent (default: limit); at_once: how many tasks may be under way together.
    """
    return _Drive(tasks, at_once).run(limit, limit if quiet is None else quiet)


class _Drive:
    """One run of the engine."""

    def __init__(self, tasks: Sequence[Task], at_once: int):
        self._asked = len(tasks)
        self._waiting = iter(tasks)
        self._at_once = at_once
        self._active: dict[int, Task] = {}
        self._ok = 0
        self._troubles: list[Trouble] = []

    def run(self, limit: float, quiet: float) -> Outcome:
        began = now = time.monotonic()
        end = began + limit
        with select.epoll() as self._epoll:
            self._fill(now)
            while self._active and now < end:
                cut = bool(self._troubles)
                events = self._epoll.poll(min(quiet, end - now), MOST_EVENTS)
                now = time.monotonic()
                if not events:
                    break
                self._dispatch(events, now)
                self._fill(now)
                if self._troubles and not cut:
                    end = min(end, now + GRACE)
            self._give_up(now)
        return Outcome(self._asked, self._ok, tuple(self._troubles[:MOST_TROUBLES]), now - began)

    def _fill(self, now: float) -> None:
        while len(self._active) < self._at_once:
            task = next(self._waiting, None)
            if task is None:
                return
            task.since = now
            mask = task.mask = task.start()
            if mask == DONE:
                self._end(task)
            else:
                fd = task.sock.fileno()
                self._active[fd] = task
                self._epoll.register(fd, mask)

    def _dispatch(self, events: list[tuple[int, int]], now: float) -> None:
        for fd, bits in events:
            task = self._active[fd]
            task.since = now
            mask = task.advance(bits)
            if mask == DONE:
                del self._active[fd]
                self._epoll.unregister(fd)
                self._end(task)
            elif mask != task.mask:
                task.mask = mask
                self._epoll.modify(fd, mask)

    def _end(self, task: Task) -> None:
        if task.trouble is None:
            task.ok = True
            self._ok += 1
        else:
            self._troubles.append(task.trouble)
        task.finish()

    def _give_up(self, now: float) -> None:
        """What still waits has had its time, unless the run was cut short by other troubles."""
        cut = bool(self._troubles)
        for task in self._active.values():
            if not cut:
                task.expire(now - task.since)
            if task.trouble is not None:
                self._troubles.append(task.trouble)
            task.finish()
        for task in self._waiting:
            task.finish()
