"""One grading as the worker receives it: plain data that travels as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Job:
    """What to grade and how. Folders are absolute paths that the worker may read."""

    lab: str
    source: str  # the submission's files over a pristine copy of the lab's
    scratch: str  # an empty folder for everything that the grading makes
    display: str  # how the student names the submission's folder
    seed: int
    checks: tuple[str, ...]  # ids to run; empty for all
    jobs: int = 0  # checks side by side; 0 lets the machine decide
    id_range: int = -1  # descriptor of a user namespace with more users, see id_range.py
    under: str = ""  # "", "strace" or "gdb": how a replay runs the program
    quiet: str = ""  # a file whose lock all gradings of a batch share, see grader/quiet.py
    track: str = ""  # "", "go" or "mapping", see track.py


def write_job(job: Job, path: Path) -> None:
    """Write a job as JSON."""
    path.write_text(json.dumps(asdict(job)), "utf-8")


def read_job(path: Path) -> Job:
    """Read what `write_job` wrote."""
    data = json.loads(path.read_text("utf-8"))
    data["checks"] = tuple(data["checks"])
    return Job(**data)
