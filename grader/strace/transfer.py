"""Bytes in and out: every read and write and their kin, what was asked for and what moved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable, Iterator

from grader.strace.args import Arg
from grader.strace.call import Call
from grader.strace.descriptors import Descriptor
from grader.strace.table import Tables

READS = frozenset("read recv recvfrom recvmsg readv pread64 preadv preadv2".split())
WRITES = frozenset("write send sendto sendmsg writev pwrite64 pwritev pwritev2".split())
_VECTORED = frozenset("readv writev preadv pwritev preadv2 pwritev2".split())
_BETWEEN = {
    "splice": (2, 0, 4),
    "sendfile": (0, 1, 3),
    "tee": (1, 0, 2),
    "copy_file_range": (2, 0, 4),
}
AGAIN = frozenset({"EAGAIN", "EWOULDBLOCK"})


@dataclass(frozen=True)
class Transfer:
    """One attempt to move bytes into (`out`) or out of (not `out`) a descriptor."""

    call: Call
    descriptor: Descriptor
    out: bool
    asked: int | None  # bytes the caller offered or had room for; None if not shown
    moved: int  # bytes; 0 when it failed
    nonblocking: bool | None  # could not block: the file's mode, MSG_DONTWAIT, SPLICE_F_NONBLOCK
    dontwait: bool  # MSG_DONTWAIT or its kin on this very call

    @property
    def again(self) -> bool:
        """Whether it would have had to wait (EAGAIN)."""
        return self.call.errno in AGAIN

    @property
    def end_of_file(self) -> bool:
        """Whether a read said that nothing will come any more."""
        return not self.out and self.call.result == 0 and self.asked != 0

    @property
    def short(self) -> bool:
        """Whether it succeeded and moved less than was asked for."""
        return self.asked is not None and 0 <= self.moved < self.asked and not self.call.failed


def transfers(calls: Iterable[Call], tables: Tables) -> tuple[Transfer, ...]:
    """Return every transfer of the calls in order; splice(2) and its kin give two, in and out."""
    return tuple(transfer for call in calls for transfer in _of(call, tables))


def _of(call: Call, tables: Tables) -> Iterator[Transfer]:
    if call.name in READS or call.name in WRITES:
        yield from _one(call, 0, call.name in WRITES, _asked(call), tables)
    elif call.name in _BETWEEN:
        to, source, size = _BETWEEN[call.name]
        asked = call.arg(size).value
        yield from _one(call, source, False, asked, tables)
        yield from _one(call, to, True, asked, tables)


def _one(
    call: Call, place: int, out: bool, asked: int | None, tables: Tables
) -> Iterator[Transfer]:
    descriptor = tables.used(call, place)
    if descriptor is None:
        return
    dontwait = any(
        arg.flags & {"MSG_DONTWAIT", "SPLICE_F_NONBLOCK", "RWF_NOWAIT"} for arg in call.args[2:]
    )
    nonblocking = True if dontwait else descriptor.file.nonblocking(call.index)
    moved = max(call.result or 0, 0)
    yield Transfer(call, descriptor, out, asked, moved, nonblocking, dontwait)


def _asked(call: Call) -> int | None:
    if call.name.endswith("msg"):
        vector = call.arg(1).struct.get("msg_iov", Arg(""))
    elif call.name in _VECTORED:
        vector = call.arg(1)
    else:
        return call.arg(2).value
    lengths = [item.struct["iov_len"].value for item in vector.items if "iov_len" in item.struct]
    known = [length for length in lengths if length is not None]
    return sum(known) if known and not vector.truncated else None
