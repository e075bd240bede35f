"""The two things that a trace needs from a 64-bit, little-endian ELF file (elf(5))."""

from __future__ import annotations

import struct
from pathlib import Path

LOAD, EXECUTABLE = 1, 1  # p_type, and the flag in p_flags
SYMBOLS = (2, 11)  # sh_type: SHT_SYMTAB, SHT_DYNSYM


def code_segments(file: Path) -> list[tuple[int, int, int]]:
    """Return (offset, size, address) of the executable segments; none if unreadable."""
    try:
        raw = file.read_bytes()
        start, size, count = struct.unpack_from("<Q14xHH", raw, 32)
        rows = [struct.unpack_from("<IIQQQQ", raw, start + size * row) for row in range(count)]
    except (OSError, struct.error, OverflowError):
        return []
    return [(row[2], row[5], row[3]) for row in rows if row[0] == LOAD and row[1] & EXECUTABLE]


def symbols_break_lines(file: Path) -> bool:
    """Return whether names of its symbols hold control characters, such as a line break.

    The assembler allows them, and `strace -k` prints names as they are: such a program could write
    lines of its own into its trace. A file that can not be read counts as one.
    """
    try:
        raw = file.read_bytes()
        start, size, count = struct.unpack_from("<Q10xHH", raw, 40)
        rows = [struct.unpack_from("<IIQQQQI", raw, start + size * row) for row in range(count)]
        tables = [rows[row[6]] for row in rows if row[1] in SYMBOLS]
    except (OSError, struct.error, IndexError, OverflowError):
        return True
    names = b"".join(raw[table[4] : table[4] + table[5]] for table in tables)
    return any(byte in names for byte in (*range(1, 32), 127))
