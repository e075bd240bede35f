"""Where a stream that came back differs, and what that looks like: lost, repeated, swapped bytes."""

from __future__ import annotations

from typing import Mapping

PROBE = 16  # bytes that identify a place in a stream: by chance once in 10**38
WINDOW = 64  # bytes from the first difference on that are worth waiting for


def first_difference(expected: bytes, got: bytes) -> int:
    """Return the index of the first byte that differs; len(got) when got begins expected."""
    if expected.startswith(got):
        return len(got)
    low, high = 0, min(len(expected), len(got))
    while low < high:
        middle = (low + high) // 2
        if expected[low : middle + 1] == got[low : middle + 1]:
            low = middle + 1
        else:
            high = middle
    return low


def diagnose(
    streams: Mapping[int, bytes], connection: int, offset: int, got: bytes, base: int = 0
) -> str:
    """Say in one line where the bytes `got`, wrong from `offset` on, come from; "" if nobody knows.

    streams: what was sent, by connection number; connection: where `got` was received; base: what to add
    to offsets, for streams whose beginning is left out.
    """
    if len(got) < 4:
        return ""
    probe = got[:PROBE]
    own = streams.get(connection, b"")
    later = own.find(probe, offset)
    if later > offset:
        return _missing(own, offset, later, base)
    earlier = own.rfind(probe, 0, offset + len(probe) - 1)
    if earlier >= 0:
        return _repeated(own, earlier, offset, got, base)
    return _foreign(streams, connection, probe) or _pattern(own, offset, got)


def _missing(own: bytes, offset: int, later: int, base: int) -> str:
    nul = "; the first of them is a NUL byte" if own[offset] == 0 else ""
    count = later - offset
    return f"bytes {base + offset}…{base + later - 1} are missing ({count} bytes){nul}"


def _repeated(own: bytes, earlier: int, offset: int, got: bytes, base: int) -> str:
    length = first_difference(own[earlier : earlier + len(got)], got)
    last = base + earlier + length - 1
    more = " or more" if length == len(got) else ""
    return f"bytes {base + earlier}…{last}{more} came a second time, at offset {base + offset}"


def _foreign(streams: Mapping[int, bytes], connection: int, probe: bytes) -> str:
    for other, data in streams.items():
        place = data.find(probe) if other != connection else -1
        if place >= 0:
            return f"bytes of connection {other} (from its offset {place}) came on connection {connection}"
    return ""


def _pattern(own: bytes, offset: int, got: bytes) -> str:
    zeros = len(got) - len(got.lstrip(b"\0"))
    if zeros >= 4:
        return f"{zeros} bytes or more are NUL"
    for length in range(1, min(len(got) - 4, PROBE)):
        after = got[length : length + PROBE]
        if own.startswith(after, offset + length):
            return (
                f"{length} byte{'s' if length > 1 else ''} changed, those after it came back right"
            )
        if own.startswith(after, offset):
            return f"{length} byte{'s' if length > 1 else ''} too many, that were not sent"
    return ""
