"""One submission that waits for its grade, as plain data that travels to whoever grades it."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from grader import paths
from grader.manifest import Lab

GRADER = ("Dockerfile", "Makefile", "grader", "labs")  # what a mark depends on, and an image holds
LEFT_OUT = {"selftest", "mutants", "alternatives", "__pycache__", "tests"}


@dataclass(frozen=True)
class Task:
    """What to grade and how; checks are ids."""

    lab: str
    label: str  # the name of the submission, safe to be that of a folder
    files: dict[str, bytes]
    ignored: tuple[str, ...]
    checks: tuple[str, ...]
    seed: int
    jobs: int = 0  # checks side by side

    def text(self) -> str:
        """Return the task as one line of JSON."""
        files = {name: base64.b64encode(raw).decode() for name, raw in self.files.items()}
        return json.dumps({**self.__dict__, "files": files})


def read_task(text: str) -> Task:
    """Return the task that `Task.text` has written."""
    data = json.loads(text)
    data["files"] = {name: base64.b64decode(raw) for name, raw in data["files"].items()}
    data["ignored"], data["checks"] = tuple(data["ignored"]), tuple(data["checks"])
    return Task(**data)


def key(task: Task, lab: Lab, grader: str) -> str:
    """Return the name under which the result is kept: the same only if it would come out the same.

    grader: what grades (tree and image). Equal submissions of two students do not share a result: it
    names its files, and so the student.
    """
    digest = hashlib.sha256()
    for name, raw in sorted(task.files.items()):
        digest.update(f"{name}\0{len(raw)}\0".encode() + raw)
    settings = (
        task.label,
        lab.id,
        lab.version,
        grader,
        task.seed,
        *task.checks,
        "|",
        *task.ignored,
    )
    digest.update("\0".join(map(str, settings)).encode("utf-8", "replace"))
    return digest.hexdigest()[:32]


def tree_digest(lab: str = "") -> str:
    """Return a digest of the grader and of all labs, or of one."""
    digest = hashlib.sha256()
    for path in sorted(_files(lab)):
        digest.update(f"{path.relative_to(paths.ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _files(lab: str) -> list[Path]:
    found = []
    for name in GRADER:
        top = paths.ROOT / name
        found += [top] if top.is_file() else [path for path in top.rglob("*") if path.is_file()]
    return [path for path in found if _counts(path.relative_to(paths.ROOT), lab)]


def _counts(path: Path, lab: str) -> bool:
    parts = path.parts
    if LEFT_OUT & set(parts) or path.suffix == ".pyc" or path.name.startswith("."):
        return False
    if lab and parts[0] == "labs":
        return parts[1] in (lab, "common")
    if lab and parts[:2] == ("grader", "checks") and len(parts) > 3:
        return parts[2] == lab
    return not lab or parts[0] == "grader"
