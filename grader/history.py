"""What a checkout remembers in .syslabs/ (ignored by git): last marks, and how far hints were read.

Nothing here is worth a failure: what is unreadable counts as absent, what is unwritable is lost.
root is that of the checkout; this one, if none is given.
"""

from __future__ import annotations

import json
from pathlib import Path

from grader import paths
from grader.manifest import ManifestError, load_lab
from grader.report import json_file
from grader.result import Grade

FOLDER = ".syslabs"
HINTS = 3  # steps of each check


def record(grade: Grade, root: Path | None = None) -> bool:
    """Keep a grade as the last one of its lab; say whether that was done.

    A grade of some checks only is no mark of the lab and is not kept.
    """
    try:
        whole = {check.id for check in load_lab(root or paths.ROOT, grade.lab).checks}
        if {check.id for check in grade.checks} != whole:
            return False
        json_file.write(grade, _made(root) / f"{grade.lab}.json")
    except (OSError, ManifestError):
        return False
    return True


def last_grade(lab: str, root: Path | None = None) -> Grade | None:
    """Return the last grade of a lab, or None."""
    try:
        grade = json_file.read(_result(lab, root))
    except json_file.ResultError:
        return None
    return grade if grade.lab == lab else None


def last_result(lab: str, root: Path | None = None) -> bytes | None:
    """Return the last grade of a lab as the JSON file that it is kept in, or None."""
    if last_grade(lab, root) is None:
        return None
    return _result(lab, root).read_bytes()


def hints_read(lab: str, check: str, root: Path | None = None) -> int:
    """Return how many hints of a check have been shown, 0 to 3."""
    count = _counters(root).get(f"{lab} {check}", 0)
    return min(max(count, 0), HINTS)


def keep_hints_read(lab: str, check: str, count: int, root: Path | None = None) -> bool:
    """Remember how many hints of a check have been shown; say whether that was possible."""
    counters = {**_counters(root), f"{lab} {check}": count}
    try:
        json_file.write_text(json.dumps(counters, indent=2) + "\n", _made(root) / "hints.json")
    except OSError:
        return False
    return True


def _folder(root: Path | None) -> Path:
    return (root or paths.ROOT) / FOLDER


def _result(lab: str, root: Path | None) -> Path:
    return _folder(root) / f"{lab}.json"


def _counters(root: Path | None) -> dict[str, int]:
    try:
        data = json.loads((_folder(root) / "hints.json").read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    counters = data.items() if isinstance(data, dict) else ()
    return {key: value for key, value in counters if type(value) is int}


def _made(root: Path | None) -> Path:
    """Return the folder, made if need be. Raises OSError."""
    folder = _folder(root)
    if folder.is_symlink():
        raise OSError(f"{folder} is a symbolic link")
    folder.mkdir(exist_ok=True)
    return folder
