"""Who has handed in: a folder or an archive each, with names that are safe to be those of folders."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from grader.batch.intake import Intake, suffix_of
from grader.batch.task import Task
from grader.batch.unpack import receive
from grader.manifest import Lab
from grader.submission import Rejected, collect, shown

LONGEST = 100  # characters of a label
_PLAIN = re.compile(r"[^\w.,@+=() -]")


@dataclass(frozen=True)
class Handed:
    """One submission: where it lies, its label, and the task that it makes, or why it makes none."""

    label: str
    path: Path
    task: Task | None = None
    refused: str = ""


@dataclass(frozen=True)
class Settings:
    """What is the same for all submissions of a batch."""

    lab: Lab
    checks: tuple[str, ...]
    seed: int
    jobs: int  # checks of one submission side by side
    part: str = ""  # "" for all: whose files must be there


def roster(folder: Path, settings: Settings, readers: int) -> Iterator[Handed]:
    """Yield every submission in the folder, in the order of their labels. Raises OSError."""
    found = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    labels = labelled(found)
    with ThreadPoolExecutor(readers) as pool:
        intakes = pool.map(lambda path: receive(settings.lab, path), labels.values())
        for (label, path), intake in zip(labels.items(), intakes):
            yield _handed(label, path, intake, settings)


def labelled(found: list[Path]) -> dict[str, Path]:
    """Return the paths by label; where two would get the same, the later ones tell their suffix."""
    labels: dict[str, Path] = {}
    taken: set[str] = set()
    for path in found:
        suffix = "" if path.is_dir() else suffix_of(path.name)
        label = safe(path.name[: len(path.name) - len(suffix)])
        if label.casefold() in taken:
            label = safe(path.name, always=True)
        taken.add(label.casefold())
        labels[label] = path
    return dict(sorted(labels.items()))


def safe(name: str, always: bool = False) -> str:
    """Return a name that can be that of a folder, in a table and on a command line.

    What had to be changed (or always) gets a mark behind it that the whole name decides.
    """
    plain = _PLAIN.sub("_", name.encode("utf-8", "replace").decode())
    plain = re.sub(r"^[ .=+@-]", "_", plain).strip()[:LONGEST]
    if plain == name and plain and not always and plain.casefold() != "grades.csv":
        return plain
    mark = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:6]
    return f"{plain or 'submission'}~{mark}"


def _handed(label: str, path: Path, intake: Intake, settings: Settings) -> Handed:
    if intake.refused:
        return Handed(label, path, refused=intake.refused)
    try:
        files, lacking = _files(intake, settings)
    except Rejected as error:
        return Handed(label, path, refused=str(error))
    missing = tuple(f"{name} (missing: the skeleton stands in)" for name in lacking)
    lab, checks = settings.lab.id, settings.checks
    ignored = missing + intake.ignored
    task = Task(lab, label, files, ignored, checks, settings.seed, settings.jobs)
    return Handed(label, path, task)


def _files(intake: Intake, settings: Settings) -> tuple[dict[str, bytes], list[str]]:
    """Return the student's files, and which of them come from the lab. Raises Rejected.

    A part that was not handed in costs its own points and no others.
    """
    lab, part = settings.lab, settings.part
    needed = [name for each in lab.parts if part in ("", each.id) for name in each.files]
    lacking = [name for name in dict.fromkeys(needed) if name not in intake.files]
    files = dict(intake.files)
    if len(lacking) < len(set(needed)):
        files |= {name: (lab.folder / name).read_bytes() for name in lacking}
    with tempfile.TemporaryDirectory(prefix="syslabs-intake-") as name:
        folder = Path(name)
        for file, content in files.items():
            (folder / file).write_bytes(content)
        try:
            return collect(lab, folder, part).files, lacking
        except Rejected as error:
            said = str(error).replace(f"{shown(folder)}/", "").replace(f"{shown(folder)}: ", "")
            raise Rejected(said) from None
