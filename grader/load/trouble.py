"""What went wrong on one connection, as plain data that reads well as evidence."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass

from grader.outcome import Failed
from grader.result import Evidence

SHOWN = 12  # bytes of a stream that a report shows

WRONG, EXTRA = "wrong", "extra"  # bytes came back that should not have
CLOSED, RESET = "closed", "reset"  # the connection ended too early
SILENT, STUCK = "silent", "stuck"  # nothing came back, or nothing was taken any more
REFUSED = "refused"  # no connection at all
OPEN = "open"  # all came back, but no end-of-file


@dataclass(frozen=True)
class Trouble:
    """One connection that went wrong; str() gives the lines to show.

    kind: one of the words above; offset: of the first byte that is wrong or did not come; sent, received,
    total: bytes (total is what should come back); expected, got: the bytes from offset on; detail:
    what the difference looks like, or an errno; waited: seconds since anything moved on the connection.
    """

    kind: str
    connection: int
    offset: int = 0
    sent: int = 0
    received: int = 0
    total: int = 0
    expected: bytes = b""
    got: bytes = b""
    detail: str = ""
    waited: float = 0.0

    def __str__(self) -> str:
        lines = [f"connection {self.connection}: {self._headline()}"]
        if self.kind == WRONG:
            lines.append(f"  expected  {shown(self.expected)}")
            lines.append(f"  got       {shown(self.got)}")
        elif self.kind == EXTRA:
            lines.append(f"  got       {shown(self.got)}")
        if self.kind in (WRONG, EXTRA) and self.detail:
            lines.append(f"  {self.detail}")
        if self.kind != REFUSED:
            lines.append(f"  {self.sent} bytes sent, {self.received} of {self.total} came back")
        return "\n".join(lines)

    def _headline(self) -> str:
        milliseconds = f"{self.waited * 1000:.0f} ms"
        return {
            WRONG: f"byte {self.offset} is wrong",
            EXTRA: f"more than was sent came back, after byte {self.offset}",
            CLOSED: f"closed by the server at offset {self.offset}, before all came back",
            RESET: f"reset at offset {self.offset} ({self.detail})",
            SILENT: f"nothing came back for {milliseconds}, waiting for byte {self.offset}",
            STUCK: f"the server has taken nothing for {milliseconds}",
            REFUSED: f"no connection ({self.detail})",
            OPEN: f"all came back, but no end-of-file for {milliseconds}",
        }[self.kind]


class PeerError(Failed):
    """An operation on a connection went wrong; `trouble` says how. In a check it is the verdict."""

    def __init__(self, trouble: Trouble):
        first, *details = str(trouble).splitlines()
        evidence = [Evidence("output", "\n".join(details))] if details else []
        super().__init__(first, evidence=evidence)
        self.trouble = trouble

    def __str__(self) -> str:
        return str(self.trouble)


def shown(data: bytes) -> str:
    """Return up to SHOWN bytes as hex and, where printable, as text: `68 69 00  |hi.|`."""
    head = data[:SHOWN]
    text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in head)
    more = " …" if len(data) > SHOWN else ""
    return f"{head.hex(' ')}{more}  |{text}|"


def errno_text(error: OSError) -> str:
    """Return `ECONNRESET: Connection reset by peer` for an error of a system call."""
    code = error.errno or 0
    return f"{errno.errorcode.get(code, code)}: {os.strerror(code)}"
