"""Long streams through the server and back, compared byte by byte."""

from __future__ import annotations

import socket
from typing import Any, Iterator, Mapping, Sequence

from grader.load.data import chunk_sizes
from grader.load.diagnose import WINDOW, diagnose, first_difference
from grader.load.dialer import Dialer
from grader.load.drive import DONE, READ, WRITE, Outcome, Task, drive
from grader.load.trouble import CLOSED, EXTRA, OPEN, REFUSED, SILENT, STUCK, WRONG
from grader.load.trouble import PeerError, Trouble, errno_text

MOST_READ = 65536  # bytes of one recv(2)


class Flow(Task):
    """One stream: sent in pieces, read and compared as it comes back.

    streams: all that is sent on all connections, by number, so that a mix-up can be named; chunks: sizes
    of the pieces; half_close: shut down the sending side as soon as all is sent, then expect
    end-of-file after the last byte; gulp: bytes of one read; sent: bytes that were sent already.
    """

    __slots__ = (
        "_streams",
        "_data",
        "_view",
        "_chunks",
        "_half_close",
        "_gulp",
        "sent",
        "received",
        "_odd",
    )

    def __init__(
        self,
        sock: socket.socket,
        number: int,
        streams: Mapping[int, bytes],
        chunks: Iterator[int],
        half_close: bool = False,
        gulp: int = MOST_READ,
        sent: int = 0,
    ):
        super().__init__(sock, number)
        self._streams = streams
        self._data = streams[number]
        self._view = memoryview(self._data)
        self._chunks = chunks
        self._half_close = half_close
        self._gulp = gulp
        self.sent = sent
        self.received = 0
        self._odd = b""  # what came instead, from offset `received` on

    def start(self) -> int:
        if self.sent == len(self._data):
            return self._all_sent()
        return READ | WRITE

    def advance(self, events: int) -> int:
        """Read one gulp if there is one, then send one piece if it fits."""
        if events & ~WRITE and self._read() == DONE:
            return DONE
        if events & WRITE and self.sent < len(self._data):
            return self._send()
        return self.mask

    def _send(self) -> int:
        end = self.sent + next(self._chunks)
        try:
            self.sent += self.sock.send(self._view[self.sent : end])
        except BlockingIOError:
            pass
        except OSError as error:
            return self.broken(error)
        return self._all_sent() if self.sent == len(self._data) else READ | WRITE

    def _all_sent(self) -> int:
        if self._half_close:
            try:
                self.sock.shutdown(socket.SHUT_WR)
            except OSError as error:
                return self.broken(error)
        return READ if self._half_close or self.received < len(self._data) else DONE

    def _read(self) -> int:
        try:
            data = self.sock.recv(self._gulp)
        except BlockingIOError:
            return READ
        except OSError as error:
            return self.broken(error)
        return self._take(data) if data else self._ended()

    def _take(self, data: bytes) -> int:
        if not self._odd:
            expected = self._data[self.received : self.received + len(data)]
            right = len(data) if data == expected else first_difference(expected, data)
            self.received += right
            data = data[right:]
        self._odd += data
        complete = self.received + len(self._odd) >= len(self._data)
        if self._odd and (complete or len(self._odd) >= WINDOW):
            return self._wrong()
        return READ if self._half_close or not complete else self._last_look()

    def _last_look(self) -> int:
        """All came back: is there more?"""
        try:
            self._odd = self.sock.recv(WINDOW)
        except OSError:
            return DONE
        return self._wrong() if self._odd else DONE

    def _ended(self) -> int:
        if self._odd:
            return self._wrong()
        if self.received < len(self._data) or not self._half_close:
            return self.fail(CLOSED)
        return DONE

    def _wrong(self) -> int:
        kind = EXTRA if self.received == len(self._data) else WRONG
        odd = self._odd[:WINDOW]
        return self.fail(kind, diagnose(self._streams, self.number, self.received, odd))

    def expire(self, waited: float) -> None:
        if self._odd:
            self._wrong()
        elif self.received == len(self._data):
            self.trouble = self.report(OPEN, waited)
        else:
            kind = STUCK if self.received == self.sent else SILENT
            self.trouble = self.report(kind, waited)

    def report(self, kind: str, waited: float = 0.0, detail: str = "") -> Trouble:
        at = self.received
        return Trouble(
            kind,
            self.number,
            offset=at,
            sent=self.sent,
            received=at + len(self._odd),
            total=len(self._data),
            expected=self._data[at : at + WINDOW],
            got=self._odd[:WINDOW],
            detail=detail,
            waited=waited,
        )


def connected(
    dialer: Dialer, port: int, number: int, limit: float, **options: Any
) -> socket.socket:
    """Return dialer.connect(port, **options). Raises PeerError where the server is to blame."""
    try:
        return dialer.connect(port, limit=limit, **options)
    except (ConnectionError, TimeoutError) as error:
        raise PeerError(Trouble(REFUSED, number, detail=errno_text(error))) from error


def echo_streams(
    dialer: Dialer,
    port: int,
    streams: Sequence[bytes],
    limit: float,
    seed: int = 0,
    half_close: bool = False,
    quiet: float | None = None,
) -> Outcome:
    """Send streams[i] on connection i, all connections at once, in interleaved pieces; compare what comes back.

    half_close: each connection shuts down its sending side as soon as all is sent, and expects all bytes
    and then end-of-file. limit, quiet: seconds, see `drive`. Raises PeerError without a connection.
    """
    numbered = dict(enumerate(streams))
    socks: list[socket.socket] = []
    try:
        for number in numbered:
            socks.append(connected(dialer, port, number, limit))
        flows = [
            Flow(sock, number, numbered, chunk_sizes(seed, number), half_close)
            for number, sock in enumerate(socks)
        ]
        return drive(flows, limit, quiet=quiet)
    finally:
        for sock in socks:
            sock.close()
