"""Thousands of connections that stay open, each proved alive by a short message that comes back."""

from __future__ import annotations

import socket
from dataclasses import replace
from typing import Any, Iterable, Iterator, Sequence

from grader.load.data import stream
from grader.load.diagnose import diagnose
from grader.load.dialer import Dialer
from grader.load.drive import Outcome, drive
from grader.load.exchange import LENGTH, Exchange, Opening
from grader.load.trouble import WRONG, Trouble

PER_SOURCE = 10_000  # connections from one address: above, connect(2) searches long for a free port
AT_ONCE = 8  # new connections that the server has not answered yet: fits the smallest usual backlog


def source_of(number: int, per_source: int = PER_SOURCE) -> str:
    """Return the address 127.0.0.x that connection `number` comes from."""
    return f"127.0.0.{1 + number // per_source}"


class Crowd:
    """Connections that stay open until `close`; a context manager. Those that fail leave the crowd.

    Members are known by their number, in the order in which they were opened. Raises TooFewDescriptors.
    """

    def __init__(self, dialer: Dialer, port: int, seed: int = 0):
        self._dialer = dialer
        self._port = port
        self._seed = seed
        self._rounds = 0
        self.socks: dict[int, socket.socket] = {}
        self._opened = 0

    def __enter__(self) -> Crowd:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        for sock in self.socks.values():
            sock.close()
        self.socks.clear()

    def grow(self, count: int, limit: float, quiet: float | None = None) -> Outcome:
        """Open `count` connections more, each proved by a message that comes back within `limit` seconds."""
        first = self._opened
        fresh = dict(enumerate(self._dialer.sockets(count), first))
        self._opened += count
        self.socks.update(fresh)
        messages = self._messages(fresh)
        tasks = [
            Opening(sock, number, messages[number], self._port, source_of(number))
            for number, sock in fresh.items()
        ]
        return self._run(tasks, messages, limit, AT_ONCE, quiet)

    def echo(
        self, limit: float, members: Iterable[int] | None = None, quiet: float | None = None
    ) -> Outcome:
        """Send one message on every connection (or on these members) at once; all must come back."""
        numbers = list(self.socks if members is None else members)
        messages = self._messages(numbers)
        tasks = [Exchange(self.socks[number], number, messages[number]) for number in numbers]
        return self._run(tasks, messages, limit, len(tasks), quiet)

    def _messages(self, numbers: Iterable[int]) -> dict[int, bytes]:
        self._rounds += 1
        seed = self._seed << 16 | self._rounds
        return {number: stream(seed, number, LENGTH) for number in numbers}

    def _run(
        self,
        tasks: Sequence[Exchange],
        messages: dict[int, bytes],
        limit: float,
        at_once: int,
        quiet: float | None,
    ) -> Outcome:
        outcome = drive(tasks, limit, at_once, quiet)
        if outcome.good:
            return outcome
        for task in tasks:
            if not task.ok:
                self.socks.pop(task.number).close()
        return replace(outcome, troubles=tuple(_explained(messages, t) for t in outcome.troubles))


def ladder(
    dialer: Dialer, port: int, rungs: Sequence[int], limit: float, seed: int = 0
) -> Iterator[Outcome]:
    """Climb: for every rung open as many connections as it says, keep them, and echo on every one.

    Yields one Outcome per rung, and stops after the first that is not good. limit: seconds for each rung.
    Raises TooFewDescriptors at a rung that this machine does not allow.
    """
    with Crowd(dialer, port, seed) as crowd:
        for rung in rungs:
            old = crowd.echo(limit)
            new = crowd.grow(rung - len(crowd.socks), limit)
            both = old + new
            yield both
            if not both.good:
                return


def _explained(messages: dict[int, bytes], trouble: Trouble) -> Trouble:
    if trouble.kind != WRONG:
        return trouble
    return replace(
        trouble, detail=diagnose(messages, trouble.connection, trouble.offset, trouble.got)
    )
