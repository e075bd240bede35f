"""Read zip archives: only regular files and folders, none of them encrypted or hidden behind another."""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from grader.batch.haul import ENTRIES, Haul, Refused, quoted
from grader.submission import FILE_BYTES

ENCRYPTED, UNIX = 1, 3  # a flag; the value of create_system with which st_mode is kept

BROKEN = (  # what zipfile raises for archives that are damaged, or made to mislead it
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error),
    *(EOFError, OSError, ValueError, RuntimeError, KeyError),
)


def entries(file: BinaryIO, haul: Haul) -> Iterator[tuple[str, bytes | None]]:
    """Yield (name, content) of each member, None for folders. Raises Refused."""
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            if len(members) > ENTRIES:
                raise Refused(f"more than {ENTRIES} files and folders")
            for member in members:
                yield _entry(archive, member, haul)
    except Refused:
        raise
    except UnicodeDecodeError:
        raise Refused("a name in it is not UTF-8") from None
    except BROKEN as error:
        raise Refused(f"not a whole zip archive: {error}") from error


def _entry(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, haul: Haul
) -> tuple[str, bytes | None]:
    name = member.orig_filename
    if member.create_system == UNIX:
        haul.mode(name, member.external_attr >> 16)
    if member.flag_bits & ENCRYPTED:
        raise Refused(f"{quoted(name)} is encrypted")
    if name.endswith("/"):
        return name, None
    haul.spend(member.file_size)  # what it claims; zipfile reads no more than that
    with archive.open(member) as content:
        data = content.read(FILE_BYTES + 1)
    return name, data
