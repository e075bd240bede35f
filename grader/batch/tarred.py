"""Read tar archives, plain or compressed, as streams: nothing is unpacked further than it may be."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

from grader.batch.haul import Haul, Refused, quoted
from grader.submission import FILE_BYTES

CHUNK = 64 << 10
ZSTD = "/usr/bin/zstd"
MAGIC = {b"\x1f\x8b": "gz", b"BZh": "bz2", b"\xfd7zXZ\0": "xz", b"\x28\xb5\x2f\xfd": "zst"}
PLAIN = (tarfile.REGTYPE, tarfile.AREGTYPE)
KINDS = {
    tarfile.SYMTYPE: "a symbolic link",
    tarfile.LNKTYPE: "a hard link",
    tarfile.FIFOTYPE: "a FIFO",
    tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device",
    tarfile.GNUTYPE_SPARSE: "a file with holes",
}


class _Bounded(io.RawIOBase):
    """Gives what a stream gives, and tells the haul of every byte."""

    def __init__(self, source: BinaryIO, haul: Haul):
        self._source, self._haul = source, haul

    def read(self, size: int = -1) -> bytes:
        """Return at most `size` bytes. Raises Refused when there have been too many."""
        asked = min(size if size >= 0 else CHUNK, self._haul.room + 1)
        data = self._source.read(asked)
        self._haul.spend(len(data))
        return data


def entries(file: BinaryIO, haul: Haul) -> Iterator[tuple[str, bytes | None]]:
    """Yield (name, content) of each member, None for folders. Raises Refused."""
    with _unpacked(file) as stream:
        try:
            bounded = cast(BinaryIO, _Bounded(stream, haul))
            with tarfile.open(fileobj=bounded, mode="r|", bufsize=CHUNK) as archive:
                for member in archive:
                    setattr(archive, "members", [])  # else each one is remembered
                    yield _entry(archive, member)
        except (tarfile.TarError, EOFError, OSError, lzma.LZMAError, ValueError) as error:
            if isinstance(error, Refused):
                raise
            raise Refused(f"not a whole tar archive: {error}") from error


def _entry(archive: tarfile.TarFile, member: tarfile.TarInfo) -> tuple[str, bytes | None]:
    if member.isdir():
        return member.name, None
    if member.type not in PLAIN or member.issparse():
        kind = "a file with holes" if member.issparse() else KINDS.get(member.type)
        raise Refused(f"{quoted(member.name)} is {kind or 'of an unknown type'}")
    content = archive.extractfile(member)
    assert content is not None
    return member.name, content.read(FILE_BYTES + 1)


@contextmanager
def _unpacked(file: BinaryIO) -> Iterator[BinaryIO]:
    """Give the bytes of the tar archive proper, whatever it is compressed with."""
    head = file.read(8)
    file.seek(0)
    kind = next((name for magic, name in MAGIC.items() if head.startswith(magic)), "")
    if kind == "gz":
        yield gzip.GzipFile(fileobj=file)  # type: ignore[misc]
    elif kind == "bz2":
        yield bz2.BZ2File(file)  # type: ignore[misc]
    elif kind == "xz":
        yield _Xz(file)  # type: ignore[misc]
    elif kind == "zst":
        with _zstd(file) as stream:
            yield stream
    else:
        yield file


class _Xz(io.RawIOBase):
    """LZMAFile, with a bound on the memory that the archive may ask for."""

    MEMORY = 128 << 20

    def __init__(self, file: BinaryIO):
        self._file = file
        self._decoder = lzma.LZMADecompressor(memlimit=self.MEMORY)

    def read(self, size: int = -1) -> bytes:
        """Return some bytes, none at the end."""
        data = b""
        while not data and not self._decoder.eof:
            fresh = self._file.read(CHUNK) if self._decoder.needs_input else b""
            if not fresh and self._decoder.needs_input:
                raise EOFError("it ends in the middle")
            data = self._decoder.decompress(fresh, max(size, 1))
        return data


@contextmanager
def _zstd(file: BinaryIO) -> Iterator[BinaryIO]:
    """zstd(1) unpacks into a pipe, and has ended when we have what we want."""
    argv = [ZSTD, "-dcq", "--memory=128MiB"]
    os.lseek(file.fileno(), 0, os.SEEK_SET)  # what Python has read ahead counts as read
    try:
        process = subprocess.Popen(
            argv, stdin=file.fileno(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
    except FileNotFoundError:
        raise OSError("zstd is missing: apt-get install zstd") from None
    assert process.stdout is not None
    try:
        yield process.stdout  # type: ignore[misc]
    finally:
        process.kill()
        process.communicate()
