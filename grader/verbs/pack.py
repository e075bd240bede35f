"""`pack`: the student's files and the last result, as the archive to hand in."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from grader import archive, history, paths
from grader.manifest import Lab, ManifestError, load_lab
from grader.result import visible
from grader.score import FULL, WRONG_USE
from grader.submission import Rejected, Submission, collect, shown
from grader.verbs.grade import complain

RESULT = "result.json"


def run(args: argparse.Namespace) -> int:
    """Write the archive and say what is in it; return 0, or 2 for what cannot be packed."""
    try:
        lab = load_lab(paths.ROOT, args.lab)
        submission = collect(lab, args.src or Path("labs") / lab.id)
    except (ManifestError, Rejected) as error:
        return complain(str(error), WRONG_USE)
    output = args.output or Path(f"{lab.id}.tar.gz")
    names = [*submission.files, *([RESULT] if _result(lab, submission) else [])]
    try:
        write_archive(lab, submission, output)
    except OSError as error:
        return complain(f"cannot write {shown(output)}: {error.strerror}", WRONG_USE)
    print(f"{visible(str(output))}: {visible(', '.join(names))}")
    if RESULT not in names:
        print(f"no result in it: `make grade LAB={lab.id}` first, if one is asked for")
    elif _older(lab, submission):
        print(f"the result is older than the files: `make grade LAB={lab.id}` makes a new one")
    return FULL


def write_archive(lab: Lab, submission: Submission, output: Path) -> None:
    """Write a .tar.gz with a folder named after the lab. Raises OSError."""
    files = dict(submission.files)
    result = _result(lab, submission)
    if result is not None:
        files[RESULT] = result
    now = int(time.time())
    members = {f"{lab.id}/{name}": archive.Member(text, now) for name, text in files.items()}
    archive.write(members, output)


def _result(lab: Lab, submission: Submission) -> bytes | None:
    """Return the last result, if it is one of this very folder."""
    grade = history.last_grade(lab.id)
    mine = grade is not None and grade.submission == submission.display
    return history.last_result(lab.id) if mine else None


def _older(lab: Lab, submission: Submission) -> bool:
    """Whether a file was changed after the last result was written."""
    written = (paths.ROOT / history.FOLDER / f"{lab.id}.json").stat().st_mtime
    return any((submission.folder / name).stat().st_mtime > written for name in submission.files)
