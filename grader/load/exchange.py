"""One short message on one connection, there and back."""

from __future__ import annotations

import errno
import os
import socket

from grader.load.diagnose import first_difference
from grader.load.dialer import HOST
from grader.load.socket_options import prepare
from grader.load.drive import DONE, READ, WRITE, Task
from grader.load.trouble import CLOSED, EXTRA, REFUSED, RESET, WRONG, Trouble, errno_text

LENGTH = 32  # bytes of a message
SPARE = 64  # bytes: room to see that more comes back than was sent


class Exchange(Task):
    """One short message on an open connection, there and back."""

    __slots__ = ("message", "sent", "got")

    def __init__(self, sock: socket.socket, number: int, message: bytes):
        super().__init__(sock, number)
        self.message = message
        self.sent = 0
        self.got = b""

    def start(self) -> int:
        """Send the message, or what is left of it."""
        try:
            self.sent += self.sock.send(self.message[self.sent :])
        except BlockingIOError:
            return WRITE
        except OSError as error:
            return self.broken(error)
        return READ if self.sent == len(self.message) else WRITE

    def advance(self, events: int) -> int:
        if self.mask == WRITE:
            return self.start()
        try:
            data = self.sock.recv(len(self.message) + SPARE)
        except BlockingIOError:
            return READ
        except OSError as error:
            return self.broken(error)
        return self.answered() if data == self.message else self._other(data)

    def answered(self) -> int:
        """The message has come back: the connection has done what it should."""
        return DONE

    def _other(self, data: bytes) -> int:
        """Not the whole message: a piece of it, something else, or end-of-file."""
        self.got += data
        if self.got == self.message:
            return self.answered()
        right = first_difference(self.message, self.got)
        if right < len(self.got):
            return self.fail(EXTRA if right == len(self.message) else WRONG)
        return READ if data else self.fail(CLOSED)

    def report(self, kind: str, waited: float = 0.0, detail: str = "") -> Trouble:
        right = first_difference(self.message, self.got)
        return Trouble(
            kind,
            self.number,
            offset=right,
            sent=self.sent,
            received=len(self.got),
            total=len(self.message),
            expected=self.message[right:],
            got=self.got[right:],
            detail=detail,
            waited=waited,
        )


class Opening(Exchange):
    """A new connection and its first message."""

    __slots__ = ("port", "source")

    def __init__(self, sock: socket.socket, number: int, message: bytes, port: int, source: str):
        super().__init__(sock, number, message)
        self.port = port
        self.source = source

    def start(self) -> int:
        if self.mask == DONE:
            prepare(self.sock, self.source)
            code = self.sock.connect_ex((HOST, self.port))
            if code not in (0, errno.EINPROGRESS):
                return self._not_connected(OSError(code, os.strerror(code)))
        return super().start()

    def _not_connected(self, error: OSError) -> int:
        """The server refuses, or this side cannot (no port is free …): then nobody is judged."""
        if isinstance(error, (ConnectionError, TimeoutError)):
            return self.broken(error)
        raise error

    def broken(self, error: OSError) -> int:
        kind = REFUSED if self.sent == 0 else RESET
        return self.fail(kind, errno_text(error))
