"""Archives that are written whole or not at all."""

from __future__ import annotations

import io
import os
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Member:
    """One file of an archive; time is that of its last change, in seconds since 1970."""

    content: bytes
    time: int
    executable: bool = False


def member(path: Path) -> Member:
    """Return a file as it is to be in an archive. Raises OSError."""
    status = path.stat()
    return Member(path.read_bytes(), int(status.st_mtime), bool(status.st_mode & 0o100))


def write(members: dict[str, Member], output: Path) -> None:
    """Write a .tar.gz of files by name, owned by nobody in particular. Raises OSError."""
    descriptor, name = tempfile.mkstemp(prefix=f".{output.name}.", dir=output.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            with tarfile.open(fileobj=file, mode="w:gz") as archive:
                for path, each in members.items():
                    archive.addfile(_entry(path, each), io.BytesIO(each.content))
            os.fchmod(descriptor, 0o644)
        os.replace(name, output)
    except BaseException:
        os.unlink(name)
        raise


def _entry(path: str, each: Member) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(path)
    entry.size, entry.mtime = len(each.content), each.time
    entry.mode = 0o755 if each.executable else 0o644
    return entry
