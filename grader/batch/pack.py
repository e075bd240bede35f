"""Read a pack of git's (gitformat-pack(5)) in memory: its objects by id, within the bounds of a haul.

git itself is never run on what a student has sent.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from dataclasses import dataclass

from grader.batch.haul import Haul, Refused

OBJECTS = 20_000
KINDS = {1: "commit", 2: "tree", 3: "blob", 4: "tag"}
OFFSET_DELTA, REF_DELTA = 6, 7
DIGEST = 20  # bytes of a SHA-1


@dataclass(frozen=True)
class GitObject:
    """kind: "commit", "tree", "blob" or "tag"."""

    kind: str
    data: bytes


class Pack:
    """Reads a pack; `objects` maps ids (20 bytes) to objects."""

    def __init__(self, raw: bytes, haul: Haul):
        """Raises Refused; what is no pack at all may also raise IndexError, struct.error or zlib.error."""
        self._raw, self._haul = raw, haul
        self.objects: dict[bytes, GitObject] = {}
        self._at: dict[int, GitObject] = {}
        magic, version, count = struct.unpack(">4sII", raw[:12])
        if magic != b"PACK" or version not in (2, 3):
            raise Refused("its pack is of an unknown format")
        if count > OBJECTS:
            raise Refused(f"more than {OBJECTS} objects of git")
        if hashlib.sha1(raw[:-DIGEST]).digest() != raw[-DIGEST:]:
            raise Refused("its pack is damaged")
        self._read(count)

    def _read(self, count: int) -> None:
        at = 12
        waiting = []  # deltas whose base comes later
        for _ in range(count):
            start, base = at, b""
            kind, size, at = self._head(at)
            if kind == OFFSET_DELTA:
                back, at = self._distance(at)
                base_object = self._at.get(start - back)
            elif kind == REF_DELTA:
                base, at = self._raw[at : at + DIGEST], at + DIGEST
                base_object = self.objects.get(base)
            data, at = self._inflated(at, size)
            if kind in KINDS:
                self._keep(start, GitObject(KINDS[kind], data))
            elif base_object is not None:
                self._keep(start, self._patched(base_object, data))
            else:
                waiting.append((start, base, data))
        self._resolve(waiting)

    def _resolve(self, waiting: list[tuple[int, bytes, bytes]]) -> None:
        """Patch what is left, as bases become known. A delta on what never comes is dropped."""
        known = -1
        while waiting and len(self.objects) > known:
            known, left = len(self.objects), []
            for start, base, data in waiting:
                if base in self.objects:
                    self._keep(start, self._patched(self.objects[base], data))
                else:
                    left.append((start, base, data))
            waiting = left
        if waiting:
            raise Refused("objects are missing in it: make the bundle of everything (--all)")

    def _keep(self, start: int, found: GitObject) -> None:
        head = f"{found.kind} {len(found.data)}\0".encode()
        self.objects[hashlib.sha1(head + found.data).digest()] = found
        self._at[start] = found

    def _head(self, at: int) -> tuple[int, int, int]:
        """Return the type, the size and where the rest begins."""
        byte = self._raw[at]
        kind, size, shift = byte >> 4 & 7, byte & 15, 4
        while byte & 0x80:
            at += 1
            byte = self._raw[at]
            size |= (byte & 0x7F) << shift
            shift += 7
        return kind, size, at + 1

    def _distance(self, at: int) -> tuple[int, int]:
        byte = self._raw[at]
        back = byte & 0x7F
        while byte & 0x80:
            at += 1
            byte = self._raw[at]
            back = (back + 1) << 7 | byte & 0x7F
        return back, at + 1

    def _inflated(self, at: int, size: int) -> tuple[bytes, int]:
        self._haul.spend(size)
        decoder = zlib.decompressobj()
        data, chunk = b"", 64 << 10
        while not decoder.eof:
            piece = self._raw[at : at + chunk]
            if not piece:
                raise Refused("its pack ends in the middle")
            data += decoder.decompress(piece, size + 1 - len(data) or 1)
            at += len(piece) - len(decoder.unused_data) - len(decoder.unconsumed_tail)
            if len(data) > size:
                break
        if len(data) != size:
            raise Refused("its pack is damaged")
        return data, at

    def _patched(self, base: GitObject, delta: bytes) -> GitObject:
        """Apply a delta, see gitformat-pack(5), "Deltified representation"."""
        expected, at = _size(delta, 0)
        size, at = _size(delta, at)
        self._haul.spend(size)
        if expected != len(base.data):
            raise Refused("its pack is damaged")
        result = bytearray()
        while at < len(delta) and len(result) <= size:
            code, at = delta[at], at + 1
            if code & 0x80:
                offset, length, at = _copy(delta, at, code)
                result += base.data[offset : offset + length]
            else:
                result += delta[at : at + code]
                at += code
        if len(result) != size:
            raise Refused("its pack is damaged")
        return GitObject(base.kind, bytes(result))


def _size(delta: bytes, at: int) -> tuple[int, int]:
    size = shift = 0
    while True:
        byte = delta[at]
        size |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not byte & 0x80:
            return size, at


def _copy(delta: bytes, at: int, code: int) -> tuple[int, int, int]:
    """Return offset and length of a copy instruction, and where the next one begins."""
    values = []
    for first, count in ((0, 4), (4, 3)):
        value = 0
        for index in range(count):
            if code & 1 << (first + index):
                value |= delta[at] << 8 * index
                at += 1
        values.append(value)
    return values[0], values[1] or 0x10000, at
