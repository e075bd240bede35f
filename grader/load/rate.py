"""How many messages a second: ping-pong on a few connections, all of them all the time."""

from __future__ import annotations

import select
import socket
import time
from dataclasses import dataclass
from typing import Any, Iterable, Iterator

from grader.load.data import stream
from grader.load.diagnose import first_difference
from grader.load.drive import MOST_EVENTS
from grader.load.trouble import CLOSED, RESET, SILENT, STUCK, WRONG
from grader.load.trouble import PeerError, Trouble, errno_text

LIMIT = 5.0  # seconds without any answer at all


@dataclass(frozen=True)
class Rate:
    """Messages that came back within `seconds`; half of them within p50_us microseconds, 99 % in p99_us."""

    messages: int
    seconds: float
    p50_us: float
    p99_us: float

    @property
    def per_second(self) -> float:
        """Messages a second."""
        return self.messages / self.seconds


def rate(
    socks: Iterable[socket.socket],
    seconds: float,
    size: int = 64,
    seed: int = 0,
    limit: float = LIMIT,
) -> Rate:
    """Send a message of `size` bytes on every socket; when it has come back right, send it again.

    socks: connected and idle, such as some of `Crowd.socks`; they are idle again afterwards. size: at most
    16 KiB, which always fits into the buffers. Raises PeerError on a wrong byte, on end-of-file or a reset,
    and when no answer at all comes for `limit` seconds.
    """
    return _PingPong(list(socks), size, seed, limit).run(seconds)


class _PingPong:
    """Exactly one message is on its way on every socket, until the time is up."""

    def __init__(self, socks: list[socket.socket], size: int, seed: int, limit: float):
        self._size = size
        self._limit = limit
        self._socks = {sock.fileno(): sock for sock in socks}
        self._numbers = {fd: number for number, fd in enumerate(self._socks)}
        self._messages = {fd: stream(seed, number, size) for fd, number in self._numbers.items()}
        self._pieces: dict[int, bytes] = {}  # of messages that have not come back whole
        self._since: dict[int, float] = {}  # when each message was sent
        self._took: list[float] = []

    def run(self, seconds: float) -> Rate:
        with select.epoll() as self._epoll:
            for fd in self._socks:
                self._epoll.register(fd, select.EPOLLIN)
            began = time.perf_counter()
            for fd in self._socks:
                self._send(fd, began)
            self._play(began + seconds)
            elapsed = time.perf_counter() - began
            self._collect()
        took = sorted(self._took)
        p50, p99 = (took[int(len(took) * part)] * 1e6 if took else 0.0 for part in (0.5, 0.99))
        return Rate(len(took), elapsed, p50, p99)

    def _play(self, end: float) -> None:
        moment = 0.0
        while moment < end:
            for fd in self._answered():
                moment = time.perf_counter()
                self._took.append(moment - self._since[fd])
                self._send(fd, moment)
            moment = time.perf_counter()

    def _collect(self) -> None:
        """Wait for the messages that are still on their way."""
        waiting = set(self._socks)
        while waiting:
            waiting.difference_update(self._answered())

    def _answered(self) -> Iterator[int]:
        """Yield the sockets whose message is back, after waiting for the first."""
        events = self._epoll.poll(self._limit, MOST_EVENTS)
        if not events:
            fd = min(self._since, key=lambda each: self._since[each])
            raise self._error(SILENT, fd, waited=time.perf_counter() - self._since[fd])
        for fd, _ in events:
            try:
                data = self._socks[fd].recv(self._size + 1)
            except OSError as error:
                raise self._error(RESET, fd, detail=errno_text(error)) from error
            if (data == self._messages[fd] and not self._pieces) or self._joined(fd, data):
                yield fd

    def _joined(self, fd: int, data: bytes) -> bool:
        """Put pieces of a message together; return whether it is whole now."""
        got = self._pieces.pop(fd, b"") + data
        if got == self._messages[fd]:
            return True
        if not data or not self._messages[fd].startswith(got):
            raise self._error(WRONG if data else CLOSED, fd, got)
        self._pieces[fd] = got
        return False

    def _send(self, fd: int, moment: float) -> None:
        self._since[fd] = moment
        try:
            sent = self._socks[fd].send(self._messages[fd])
        except BlockingIOError:
            sent = 0
        except OSError as error:
            raise self._error(RESET, fd, detail=errno_text(error)) from error
        if sent < self._size:
            raise self._error(STUCK, fd)

    def _error(self, kind: str, fd: int, got: bytes = b"", **details: Any) -> PeerError:
        message = self._messages[fd]
        right = first_difference(message, got)
        return PeerError(
            Trouble(
                kind,
                self._numbers[fd],
                offset=right,
                sent=self._size,
                received=len(got),
                total=self._size,
                expected=message[right:],
                got=got[right:],
                **details,
            )
        )
