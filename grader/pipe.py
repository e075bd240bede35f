"""A pipe for a program's output, read as it comes, with limits of time and of bytes."""

from __future__ import annotations

import fcntl
import os
import time
from dataclasses import dataclass
from types import TracebackType

from grader.poll import ready_to_read

AT_ONCE = 1 << 16  # bytes of one read


@dataclass(frozen=True)
class Output:
    """What was read. Not `whole`: a limit was reached before the end."""

    data: bytes
    whole: bool
    flooded: bool = False  # the limit of bytes


class Pipe:
    """A context manager: `write_end` goes to the program, `read` takes what the program wrote.

    capacity: bytes that fit into it, a page at the least; 0 keeps the kernel's 64 KiB. Through a
    small pipe long writes go piece by piece, and what several threads write mixes.
    """

    def __init__(self, capacity: int = 0):
        self._read_end, self.write_end = os.pipe2(os.O_CLOEXEC)
        if capacity:
            fcntl.fcntl(self.write_end, fcntl.F_SETPIPE_SZ, capacity)

    def __enter__(self) -> Pipe:
        return self

    def __exit__(self, kind: type | None, error: object, trace: TracebackType | None) -> None:
        self.close_writer()
        os.close(self._read_end)

    def close_writer(self) -> None:
        """Close our write end once the program has its own: else there is no end-of-file."""
        if self.write_end != -1:
            os.close(self.write_end)
            self.write_end = -1

    def read(self, limit: float, most: int, at_once: int = AT_ONCE) -> Output:
        """Read to the end, for at most `limit` seconds and `most` bytes, `at_once` bytes a time."""
        self.close_writer()
        chunks: list[bytes] = []
        size, end = 0, time.monotonic() + limit
        while size <= most:
            if not ready_to_read(self._read_end, end - time.monotonic()):
                return Output(b"".join(chunks), whole=False)
            chunk = os.read(self._read_end, at_once)
            if not chunk:
                return Output(b"".join(chunks), whole=True)
            chunks.append(chunk)
            size += len(chunk)
        return Output(b"".join(chunks), whole=False, flooded=True)
