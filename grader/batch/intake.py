"""From a folder or archive that a student has handed in to the few files that are graded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatch
from functools import cache
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from grader.batch import bundled, folder, tarred, zipped
from grader.batch.haul import Haul, Refused, take
from grader.manifest import Lab
from grader.submission import FILE_COUNT

ARCHIVE_BYTES = 32 << 20
IGNORED_SHOWN = 20
QUIET = ("__MACOSX", ".git", ".DS_Store")  # what operating systems and editors leave

Reader = Callable[[BinaryIO, Haul], Iterator[tuple[str, bytes | None]]]
READERS: dict[str, Reader] = {
    **dict.fromkeys((".tar.gz", ".tgz", ".tar.xz", ".tar.zst", ".tar.bz2", ".tar"), tarred.entries),
    ".zip": zipped.entries,
    ".bundle": bundled.entries,
}


@dataclass(frozen=True)
class Intake:
    """What was handed in: the student's files, or why it is refused; `ignored` are other names."""

    files: dict[str, bytes] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    refused: str = ""


def suffix_of(name: str) -> str:
    """Return the suffix of an archive that can be read, "" for any other name."""
    return next((each for each in READERS if name.lower().endswith(each)), "")


def from_folder(lab: Lab, path: Path) -> Intake:
    """Return what a folder holds."""
    haul = Haul()
    return _intake(lab, haul, lambda: take(folder.entries(path, haul), haul))


def from_archive(lab: Lab, file: BinaryIO, suffix: str) -> Intake:
    """Return what an archive holds."""
    haul = Haul()
    return _intake(lab, haul, lambda: take(READERS[suffix](file, haul), haul))


def _intake(lab: Lab, haul: Haul, fill: Callable[[], Haul]) -> Intake:
    try:
        fill()
        return _chosen(lab, haul.files)
    except Refused as refusal:
        return Intake(refused=str(refusal))


def _chosen(lab: Lab, found: dict[str, bytes]) -> Intake:
    """Take the folder that has most of the lab's files; everything else is not used. Raises Refused."""
    required = {name for part in lab.parts for name in part.files}
    counts: dict[str, int] = {}
    for path in found:
        place, name = _split(path)
        counts[place] = counts.get(place, 0) + (name in required)
    most = max(counts.values(), default=0)
    places = [place for place, count in counts.items() if count == most and most]
    if len(places) > 1:
        shown = " and ".join(sorted(place or "." for place in places)[:3])
        raise Refused(f"which of {shown} is to be graded?")
    inside = {_split(path)[1]: text for path, text in found.items() if [_split(path)[0]] == places}
    files = {name: text for name, text in inside.items() if is_students(lab, name)}
    if len(files) > FILE_COUNT:
        raise Refused(f"{len(files)} source files, more than {FILE_COUNT}")
    used = {f"{places[0]}/{name}".lstrip("/") for name in files} if places else set()
    return Intake(files, _ignored(lab, [path for path in found if path not in used]))


@cache
def given(folder: Path) -> frozenset[str]:
    """Return the names of the files that come with a lab."""
    return frozenset(path.name for path in folder.iterdir())


def _split(path: str) -> tuple[str, str]:
    pure = PurePosixPath(path)
    return "" if str(pure.parent) == "." else str(pure.parent), pure.name


def is_students(lab: Lab, name: str) -> bool:
    """Return whether a file of that name is the student's, as the manifest says."""
    globs = [glob for part in lab.parts for glob in (*part.files, *part.extra)]
    return any(fnmatch(name, glob) for glob in globs)


def _ignored(lab: Lab, paths: list[str]) -> tuple[str, ...]:
    """Name what is not used and does not come with the lab; not more than fits into a note."""
    quiet = given(lab.folder).union(QUIET)
    names = sorted(path for path in paths if not quiet & set(PurePosixPath(path).parts))
    more = len(names) - IGNORED_SHOWN
    return tuple(names[:IGNORED_SHOWN]) + ((f"and {more} more",) if more > 0 else ())
