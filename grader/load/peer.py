"""One client connection, driven by hand, step by step; no step waits longer than its limit."""

from __future__ import annotations

import select
import socket
import struct
import time
from itertools import repeat
from typing import Any, Iterable, Iterator

from grader.load.diagnose import WINDOW, diagnose, first_difference
from grader.load.dialer import Dialer
from grader.load.drive import drive
from grader.load.flow import MOST_READ, Flow, connected
from grader.load.trouble import CLOSED, EXTRA, OPEN, RESET, SILENT, STUCK, WRONG
from grader.load.trouble import PeerError, Trouble, errno_text
from grader.poll import ready

LIMIT = 5.0  # seconds for a step, unless told otherwise
NOW = struct.pack("ii", 1, 0)  # struct linger: on, 0 s: close(2) resets the connection


class Peer:
    """A client; a context manager. Every step raises PeerError, with a report, when it goes wrong.

    sock: a connected, non-blocking socket; number: what reports call the connection; limit: seconds for
    each step that gives none. `sent` and `received` count bytes.
    """

    def __init__(self, sock: socket.socket, number: int = 0, limit: float = LIMIT):
        self.sock = sock
        self.number = number
        self.limit = limit
        self.sent = 0
        self.received = 0
        self._moved = time.monotonic()

    @classmethod
    def open(
        cls, dialer: Dialer, port: int, number: int = 0, limit: float = LIMIT, **options: Any
    ) -> Peer:
        """Connect. options: host, source, rcvbuf, sndbuf, segment of `Dialer.connect`."""
        return cls(connected(dialer, port, number, limit, **options), number, limit)

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    # -- send ----------------------------------------------------------------------------------

    def send(self, data: bytes, limit: float | None = None) -> None:
        """Send all of `data`."""
        limit = self.limit if limit is None else limit
        if self.offer(data, limit, limit) < len(data):
            raise self._error(STUCK, waited=time.monotonic() - self._moved)

    def offer(self, data: bytes, quiet: float, limit: float | None = None) -> int:
        """Send until all is taken, or nothing was for `quiet` seconds; return how many bytes were.

        Taken means: by the kernel, into the buffers of both ends, or by the server.
        """
        view, begin, end = memoryview(data), self.sent, self._end(limit)
        while self.sent - begin < len(data) and self._ready(
            select.POLLOUT, min(end, time.monotonic() + quiet)
        ):
            try:
                self.sent += self.sock.send(view[self.sent - begin :])
            except BlockingIOError:
                continue
            except OSError as error:
                raise self._error(RESET, detail=errno_text(error)) from error
            self._moved = time.monotonic()
        return self.sent - begin

    def shutdown_write(self) -> None:
        """Tell the server that nothing more will be sent, see shutdown(2)."""
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError as error:
            raise self._error(RESET, detail=errno_text(error)) from error

    # -- receive -------------------------------------------------------------------------------

    def receive(self, most: int = MOST_READ, limit: float | None = None) -> bytes:
        """Return what has come, at most `most` bytes, after waiting for it; b"" is end-of-file."""
        return self._receive(most, self._end(limit))

    def readable(self, limit: float) -> bool:
        """Return whether bytes, end-of-file or an error can be had now, waiting `limit` seconds for it."""
        return self._ready(select.POLLIN, self._end(limit))

    def waiting(self) -> bytes:
        """Return what has come already, at most 64 KiB, without waiting; b"" if nothing has."""
        return self.receive(limit=0) if self._ready(select.POLLIN, 0) else b""

    def receive_exactly(self, count: int, limit: float | None = None) -> bytes:
        """Return `count` bytes, all within the limit."""
        return b"".join(self._pieces(count, limit))

    def expect(self, data: bytes, limit: float | None = None) -> None:
        """Receive as many bytes as `data` has and compare them."""
        base = self.received
        for piece in self._pieces(len(data), limit):
            offset = self.received - len(piece) - base
            expected = data[offset : offset + len(piece)]
            if piece != expected:
                right = first_difference(expected, piece)
                raise self._wrong(data, base, offset + right, piece[right:])

    def expect_eof(self, limit: float | None = None) -> None:
        """Expect end-of-file, and no byte before it."""
        end = self._end(limit)
        if not self._ready(select.POLLIN, end):
            raise self._error(OPEN, waited=time.monotonic() - self._moved)
        data = self._receive(MOST_READ, end)
        if data:
            at = self.received - len(data)
            raise self._error(EXTRA, offset=at, total=at, got=data[:WINDOW])

    def _receive(self, most: int, end: float) -> bytes:
        while self._ready(select.POLLIN, end):
            try:
                data = self.sock.recv(most)
            except BlockingIOError:
                continue
            except OSError as error:
                raise self._error(RESET, detail=errno_text(error)) from error
            self._moved = time.monotonic()
            self.received += len(data)
            return data
        raise self._error(SILENT, waited=time.monotonic() - self._moved)

    def _pieces(self, count: int, limit: float | None) -> Iterator[bytes]:
        end = self._end(limit)
        total = self.received + count
        while self.received < total:
            piece = self._receive(min(total - self.received, MOST_READ), end)
            if not piece:
                raise self._error(CLOSED, total=total)
            yield piece

    # -- both ----------------------------------------------------------------------------------

    def expect_echo(
        self,
        data: bytes,
        limit: float | None = None,
        pieces: Iterable[int] | None = None,
        half_close: bool = False,
    ) -> None:
        """Send `data` and receive it back, both at the same time.

        pieces: bytes of each write (default: as much as fits); half_close: shut down the sending side at
        once when all is sent; then end-of-file must follow the last byte.
        """
        sizes = iter(pieces or repeat(len(data)))
        flow = Flow(self.sock, self.number, {self.number: data}, sizes, half_close)
        drive([flow], self.limit if limit is None else limit)
        self.sent += flow.sent
        self.received += flow.received
        if flow.trouble is not None:
            raise PeerError(flow.trouble)

    # -- end -----------------------------------------------------------------------------------

    def reset(self) -> None:
        """Close so that the server gets a reset (RST), whatever is still on its way."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NOW)
        self.sock.close()

    def close(self) -> None:
        """Close; the server gets end-of-file, or a reset if bytes are left unread."""
        self.sock.close()

    def _end(self, limit: float | None) -> float:
        return time.monotonic() + (self.limit if limit is None else limit)

    def _ready(self, events: int, end: float) -> bool:
        return ready(self.sock, events, end - time.monotonic())

    def _error(self, kind: str, **details: Any) -> PeerError:
        details = {"offset": self.received, "total": self.sent, **details}
        return PeerError(
            Trouble(kind, self.number, sent=self.sent, received=self.received, **details)
        )

    def _wrong(self, data: bytes, base: int, offset: int, got: bytes) -> PeerError:
        return self._error(
            WRONG,
            offset=base + offset,
            expected=data[offset : offset + WINDOW],
            got=got[:WINDOW],
            detail=diagnose({self.number: data}, self.number, offset, got, base),
        )
