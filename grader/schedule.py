"""Run checks side by side, each in a process of its own; those that measure run alone.

A forked process costs a few milliseconds where a worker with an interpreter of its own costs 250;
it also keeps what one check breaks (descriptors, limits, a hang) away from all others.
"""

from __future__ import annotations

import json
import os
import select
import signal
import time
from dataclasses import dataclass
from typing import Any, Callable, Iterator

from grader.manifest import Check
from grader.orphan import end_with_parent

Outcome = dict[str, Any]
LOOK = 5.0  # seconds between two looks at how slow the machine is, at the most


@dataclass
class _Running:
    check: Check
    pid: int
    pipe: int
    started: float
    slot: int
    times: float = 0.0  # its own limit that it may take: the most since it was started
    data: bytes = b""


def _rank(check: Check) -> tuple[bool, ...]:
    """Where a check stands in the queue: the least first."""
    return check.alone, not check.long, not check.assertions


class Scheduler:
    """`work(check, slot)` runs in a child and returns JSON-ready data; `lost` replaces what never came."""

    def __init__(
        self,
        work: Callable[[Check, int], Outcome],
        lost: Callable[[Check, str, float], Outcome],
        skip: Callable[[Check, dict[str, Outcome]], Outcome | None],
        jobs: int,
        limit: Callable[[], float],
        alone: Callable[[], None] = lambda: None,
    ):
        """limit: how many times its own limit a check may take at this moment; alone: called before a check
        that is to run alone, returns when the machine is quiet.
        """
        self._work, self._lost, self._skip = work, lost, skip
        self._jobs, self._limit, self._alone = jobs, limit, alone
        self._running: dict[int, _Running] = {}
        self._done: dict[str, Outcome] = {}
        self._begun: set[str] = set()  # parts of which a check has ended

    def run(self, checks: list[Check], started: Callable[[Check], None]) -> Iterator[Outcome]:
        """Yield the outcome of each check as it ends. The long ones are begun first, then drills."""
        waiting = sorted(checks, key=_rank)
        known = {check.id for check in checks}
        try:
            while waiting or self._running:
                yield from self._launch(waiting, known, started)
                yield from self._collect()
        finally:
            for entry in list(self._running.values()):
                self._end(entry)

    def _launch(
        self, waiting: list[Check], known: set[str], started: Callable[[Check], None]
    ) -> Iterator[Outcome]:
        while check := self._next(waiting, known):
            waiting.remove(check)
            skipped = self._skip(check, self._done)
            if skipped is not None:
                self._done[check.id] = skipped
                yield skipped
                continue
            if check.alone:
                self._alone()
            started(check)
            self._fork(check)

    def _next(self, waiting: list[Check], known: set[str]) -> Check | None:
        startable = [check for check in waiting if self._may_start(check, known)]
        return min(startable, key=self._follows) if startable else None

    def _may_start(self, check: Check, known: set[str]) -> bool:
        if any(need in known and need not in self._done for need in check.needs):
            return False
        if check.alone:
            return not self._running
        alone_runs = any(entry.check.alone for entry in self._running.values())
        return len(self._running) < self._jobs and not alone_runs

    def _follows(self, check: Check) -> bool:
        """Whether a Criterion test would only wait for another one, which runs all of its drill at first."""
        parts = {entry.check.part for entry in self._running.values() if entry.check.assertions}
        return check.assertions > 0 and check.part in parts - self._begun

    def _fork(self, check: Check) -> None:
        slot = min(set(range(self._jobs + 1)) - {entry.slot for entry in self._running.values()})
        read_end, write_end = os.pipe()
        parent, pid = os.getpid(), os.fork()
        if pid == 0:
            end_with_parent(parent)
            os.close(read_end)
            self._child(check, slot, write_end)
        os.close(write_end)
        self._running[read_end] = _Running(check, pid, read_end, time.monotonic(), slot)

    def _child(self, check: Check, slot: int, write_end: int) -> None:
        """Never returns. What a check prints is no part of its result."""
        try:
            with os.fdopen(write_end, "wb") as pipe:
                pipe.write(json.dumps(self._work(check, slot)).encode())
        finally:
            os._exit(0)

    def _collect(self) -> Iterator[Outcome]:
        """Wait until a running check says something, ends, or exceeds its limit."""
        if not self._running:
            return
        nearest = min(map(self._deadline, self._running.values()))
        timeout = min(max(nearest - time.monotonic(), 0), LOOK)
        for pipe in select.select(list(self._running), [], [], timeout)[0]:
            entry = self._running[pipe]
            chunk = os.read(pipe, 65536)
            entry.data += chunk
            if not chunk:
                yield self._finish(entry)
        for entry in list(self._running.values()):
            if time.monotonic() > self._deadline(entry):
                entry.data = b""
                yield self._finish(entry, "the check did not end in time")

    def _deadline(self, entry: _Running) -> float:
        """Its own waits were as long as the machine was slow when they began, so this limit never shrinks."""
        entry.times = max(entry.times, self._limit())
        return entry.started + entry.times * max(entry.check.limits.time, 1.0)

    def _finish(
        self, entry: _Running, trouble: str = "the check ended without a result"
    ) -> Outcome:
        self._end(entry)
        try:
            outcome: Outcome = json.loads(entry.data)
        except ValueError:
            outcome = self._lost(entry.check, trouble, time.monotonic() - entry.started)
        self._done[entry.check.id] = outcome
        self._begun.add(entry.check.part)
        return outcome

    def _end(self, entry: _Running) -> None:
        """A child that is killed takes its sandboxes with it: their holders lose their stdin."""
        del self._running[entry.pipe]
        os.close(entry.pipe)
        try:
            if not entry.data:
                os.kill(entry.pid, signal.SIGKILL)
        finally:
            os.waitpid(entry.pid, 0)
