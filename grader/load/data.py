"""The bytes that are sent: seeded, so that a run can be repeated, and different everywhere."""

from __future__ import annotations

import hashlib
import random
from typing import Iterator

LARGEST_CHUNK = 14  # chunks of 1 byte to 2**14 bytes, every magnitude equally often


def stream(seed: int, connection: int, length: int) -> bytes:
    """Return `length` bytes for one connection: like noise, of all 256 values, NUL and newline too.

    No two pieces are alike, so lost, repeated and swapped pieces can be told apart. A shorter stream is
    the beginning of a longer one. Cost: about 1 µs and 2.5 ms per MiB.
    """
    return hashlib.shake_128(b"%d:%d" % (seed, connection)).digest(length)


def chunk_sizes(seed: int, connection: int) -> Iterator[int]:
    """Yield for ever how many bytes to send next: many small pieces, some big ones."""
    rng = random.Random(seed << 32 | connection)
    while True:
        yield int(2 ** rng.uniform(0, LARGEST_CHUNK))
