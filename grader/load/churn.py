"""Many short connections, one after the other: open, a few bytes, close."""

from __future__ import annotations

import socket

from grader.load.crowd import AT_ONCE, source_of
from grader.load.data import stream
from grader.load.dialer import Dialer
from grader.load.drive import DONE, READ, Outcome, drive
from grader.load.exchange import LENGTH, Opening
from grader.load.trouble import EXTRA, OPEN, RESET, errno_text

WAVE = 1000  # sockets that are made at once
PER_SOURCE = 5000  # connections from one address, whose ports stay taken (TIME_WAIT)
CLOSE, FAREWELL = range(2)  # how a connection ends, in turn


class Short(Opening):
    """One short connection, and its end.

    CLOSE: once the message has come back. FAREWELL: shutdown(SHUT_WR) then, and end-of-file must come back.
    """

    __slots__ = ("_manner", "_answered")

    def __init__(self, sock: socket.socket, number: int, message: bytes, port: int):
        super().__init__(sock, number, message, port, source_of(number, PER_SOURCE))
        self._manner = number % 2
        self._answered = False

    def advance(self, events: int) -> int:
        return self._farewell() if self._answered else super().advance(events)

    def answered(self) -> int:
        self._answered = True
        if self._manner == CLOSE:
            return DONE
        return self._shutdown()

    def _shutdown(self) -> int:
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError as error:
            return self.fail(RESET, errno_text(error))
        return READ

    def _farewell(self) -> int:
        try:
            data = self.sock.recv(LENGTH)
        except BlockingIOError:
            return READ
        except OSError as error:
            return self.fail(RESET, errno_text(error))
        if data:
            self.got = self.message + data
            return self.fail(EXTRA)
        return DONE

    def expire(self, waited: float) -> None:
        if self._answered:
            self.got = self.message
            self.trouble = self.report(OPEN, waited)
        else:
            super().expire(waited)

    def finish(self) -> None:
        self.sock.close()


def churn(
    dialer: Dialer,
    port: int,
    total: int = 20_000,
    parallel: int = AT_ONCE,
    limit: float = 10.0,
    seed: int = 0,
    quiet: float | None = None,
) -> Outcome:
    """Open and end `total` short connections, `parallel` of them at a time; every byte is verified.

    limit: seconds for all; stops at the first trouble. Raises TooFewDescriptors, see `Dialer.sockets`.
    """
    done = Outcome(0, 0, (), 0.0)
    while done.good and done.asked < total:
        first, size = done.asked, min(WAVE, total - done.asked)
        wave = [
            Short(sock, number, stream(seed, number, LENGTH), port)
            for number, sock in enumerate(dialer.sockets(size), first)
        ]
        done += drive(wave, limit - done.seconds, parallel, quiet)
    return done
