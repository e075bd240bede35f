"""Read the folder of a submission without following links, and not further than it should be deep."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from grader.batch.haul import DEPTH, Haul, Refused, quoted
from grader.submission import FILE_BYTES

SKIPPED = (".git", "__MACOSX", ".vscode", ".idea")


def entries(folder: Path, haul: Haul) -> Iterator[tuple[str, bytes | None]]:
    """Yield (name, content) of each file, None for folders. Raises Refused."""
    try:
        yield from _walk(folder, "", haul)
    except OSError as error:
        raise Refused(f"{error.strerror}: {quoted(str(error.filename))}") from error


def _walk(folder: Path, prefix: str, haul: Haul) -> Iterator[tuple[str, bytes | None]]:
    with os.scandir(folder) as found:
        listed = sorted(found, key=lambda entry: entry.name)
    for entry in listed:
        name = prefix + entry.name
        if entry.is_dir(follow_symlinks=False):
            if entry.name in SKIPPED:
                continue
            yield name, None
            if name.count("/") < DEPTH:
                yield from _walk(folder / entry.name, f"{name}/", haul)
        else:
            yield name, _content(folder / entry.name, name, haul)


def _content(path: Path, name: str, haul: Haul) -> bytes:
    """Read the head of a regular file; neither a FIFO nor a device is waited for."""
    haul.mode(name, os.lstat(path).st_mode)
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        haul.mode(name, status.st_mode)
        if not stat.S_ISREG(status.st_mode):
            raise Refused(f"{quoted(name)} is no regular file")
        if status.st_nlink > 1:
            raise Refused(f"{quoted(name)} is a hard link, it has other names elsewhere")
        content = file.read(FILE_BYTES + 1)
    haul.spend(len(content))
    return content
