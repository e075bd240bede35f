"""The grader in the place of syslogd: it listens where /dev/log of a sandbox leads."""

from __future__ import annotations

import os
import re
import socket
from dataclasses import dataclass
from typing import Any

from grader.checks.daemon.house import DEV_LOG, House

MOST = 65536  # bytes of a message
# <PRI>TIMESTAMP IDENT[PID]: TEXT, as syslog(3) of glibc sends it
_FORM = re.compile(
    rb"<(?P<priority>\d+)>\w{3} [ \d]\d \d\d:\d\d:\d\d (?P<ident>[^\[: ]*)(?:\[(?P<pid>\d+)\])?: "
    rb"?(?P<text>.*)",
    re.DOTALL,
)


@dataclass(frozen=True)
class Message:
    """One message; -1 where the program does not say."""

    facility: int
    severity: int
    ident: str
    pid: int
    text: str
    raw: bytes


class Syslog:
    """A context manager; keeps all messages."""

    def __init__(self, home: House):
        self._path = home.path(DEV_LOG)
        self._socket: socket.socket | None = None
        self._messages: list[Message] = []

    def __enter__(self) -> Syslog:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self._socket.bind(str(self._path))
        self._socket.setblocking(False)
        os.chmod(self._path, 0o666)
        return self

    def __exit__(self, *_: Any) -> None:
        if self._socket is not None:
            self._socket.close()
        self._path.unlink(missing_ok=True)

    def restart(self) -> None:
        """Be away for a moment, as a syslogd that is updated."""
        self.messages()
        self.__exit__()
        self.__enter__()

    def messages(self) -> list[Message]:
        """Return all messages that have come so far."""
        while self._socket is not None:
            try:
                self._messages.append(parse(self._socket.recv(MOST)))
            except BlockingIOError:
                break
        return self._messages


def parse(raw: bytes) -> Message:
    """Return what a datagram says."""
    match = _FORM.match(raw.rstrip(b"\0\n"))
    if match is None:
        return Message(-1, -1, "", -1, raw.decode("utf-8", "replace"), raw)
    priority = int(match["priority"])
    return Message(
        facility=priority >> 3,
        severity=priority & 7,
        ident=match["ident"].decode("utf-8", "replace"),
        pid=int(match["pid"] or -1),
        text=match["text"].decode("utf-8", "replace"),
        raw=raw,
    )
