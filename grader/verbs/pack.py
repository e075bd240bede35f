"""`pack`: the student's files and the last result, as the archive to hand in."""

from __future__ import annotations

import argparse
import io
import tarfile
from pathlib import Path

from grader import history, paths
from grader.manifest import Lab, ManifestError, load_lab
from grader.score import FULL, WRONG_USE
from grader.submission import Rejected, Submission, collect
from grader.verbs.grade import complain


def run(args: argparse.Namespace) -> int:
    """Write the archive and say what is in it."""
    try:
        lab = load_lab(paths.ROOT, args.lab)
        submission = collect(lab, args.src or Path("labs") / lab.id)
    except (ManifestError, Rejected) as error:
        return complain(str(error), WRONG_USE)
    output = args.output or Path(f"{lab.id}.tar.gz")
    try:
        names = write_archive(lab, submission, output)
    except OSError as error:
        return complain(f"{output}: {error.strerror}", WRONG_USE)
    print(f"{output}: {', '.join(names)}")
    if "result.json" not in names:
        print(f"no result in it: `make grade LAB={lab.id}` first, if one is asked for")
    return FULL


def write_archive(lab: Lab, submission: Submission, output: Path) -> list[str]:
    """Write a .tar.gz with a folder named after the lab; return the names in it."""
    members = dict(submission.files)
    grade, kept = history.last_grade(lab.id), history.last_result(lab.id)
    if kept is not None and grade is not None and grade.submission == submission.display:
        members["result.json"] = kept
    with tarfile.open(output, "w:gz") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(f"{lab.id}/{name}")
            entry.size = len(content)
            entry.mode = 0o644
            archive.addfile(entry, io.BytesIO(content))
    return list(members)
