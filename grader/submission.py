"""A submission: the files of a folder that the manifest lists as the student's, and nothing else."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from grader.manifest import Lab
from grader.result import visible

FILE_BYTES = 1 << 20
FILE_COUNT = 64


class Rejected(ValueError):
    """The submission cannot be graded as it is; the message is one line for its author."""


@dataclass(frozen=True)
class Submission:
    """`files` maps names to contents; `ignored` are the names that the grader does not use."""

    folder: Path
    display: str  # how the student names the folder
    files: dict[str, bytes]
    ignored: tuple[str, ...]


def collect(lab: Lab, folder: Path, part: str = "") -> Submission:
    """Read the student's files of `lab` (or of one part) from `folder`. Raises Rejected."""
    names = _names(folder)
    required = [name for part_ in lab.parts if part in ("", part_.id) for name in part_.files]
    missing = [name for name in required if name not in names]
    if missing and len(missing) == len(set(required)):
        raise Rejected(
            f"{shown(folder)}: no {' or '.join(missing)} in it; is this the folder of {lab.id}?"
        )
    if missing:
        raise Rejected(f"{shown(folder)}: {', '.join(missing)} is missing")
    wanted = [name for name in names if _is_students(lab, name)]
    if not wanted:
        raise Rejected(f"{shown(folder)}: none of the files of {lab.id} in it")
    if len(wanted) > FILE_COUNT:
        raise Rejected(f"{shown(folder)}: {len(wanted)} source files, more than {FILE_COUNT}")
    files = {name: _read(folder / name) for name in wanted}
    ignored = tuple(name for name in names if name not in files and not _is_given(lab, name))
    return Submission(folder, display_path(folder), files, ignored)


def display_path(folder: Path) -> str:
    """Return the folder as a student would type it: relative where that is shorter."""
    relative = os.path.relpath(folder)
    return str(folder) if relative.startswith("..") else relative


def _names(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except NotADirectoryError:
        raise Rejected(
            f"{shown(folder)}: not a folder; SRC names the folder with the sources"
        ) from None
    except OSError as error:
        raise Rejected(f"{shown(folder)}: {error.strerror}") from None


def _is_students(lab: Lab, name: str) -> bool:
    return any(
        name in part.files or any(fnmatch(name, glob) for glob in part.extra) for part in lab.parts
    )


def _is_given(lab: Lab, name: str) -> bool:
    """Files that come with the lab are taken from the lab itself; build products are no surprise."""
    return (lab.folder / name).exists() or name.endswith((".o", ".md")) or name.startswith(".")


def _read(path: Path) -> bytes:
    """Read one source file without following links, waiting on a FIFO or reading a device."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        linked = error.errno == errno.ELOOP  # the answer to O_NOFOLLOW, see open(2)
        what = "a symbolic link, not a file" if linked else error.strerror
        raise Rejected(f"{shown(path)}: {what}") from None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Rejected(f"{shown(path)}: not a regular file")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            content = file.read(FILE_BYTES + 1)
    finally:
        os.close(descriptor)
    _refuse(path, content)
    return content


def _refuse(path: Path, content: bytes) -> None:
    """Raise Rejected for what cannot be source code."""
    if len(content) > FILE_BYTES:
        raise Rejected(f"{shown(path)}: larger than {FILE_BYTES >> 20} MiB")
    if b"\0" in content:
        kind = "a compiled program" if content.startswith(b"\x7fELF") else "binary data"
        raise Rejected(f"{shown(path)}: {kind}, not source code")


def shown(path: Path) -> str:
    """Return a path for one line of a message, whatever its author put into the name."""
    return visible(str(path)).replace("\n", "\\n").replace("\t", "\\t")
