"""`compare`: the C program and its Go twin at the same work, their system calls side by side."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from grader import golang, paths
from grader.comparison import Comparison, from_json
from grader.job import Job
from grader.manifest import Lab, ManifestError, load_lab
from grader.report.look import look_at
from grader.report.side_by_side import show
from grader.score import FULL, MISSING, NOT_GRADABLE, WRONG_USE
from grader.session import new_seed
from grader.submission import Rejected, Submission, collect
from grader.toolchain import Unready, has, lacking, prepare
from grader.verbs.grade import complain
from grader.worker import WorkerFailed, bench, lay_out, run_worker


def run(args: argparse.Namespace) -> int:
    """Compare and print; return 0, 1 where a row on Go is not confirmed, 2 or 3."""
    try:
        lab = load_lab(paths.ROOT, args.lab)
        submission = collect(lab, args.src or Path("labs") / lab.id, project(lab))
    except (ManifestError, Rejected) as error:
        return complain(str(error), WRONG_USE)
    if not has("go"):
        return complain(f"compare needs Go: {lacking(['go'])}", NOT_GRADABLE)
    try:
        prepare()
        found = compare(lab, submission)
    except (Unready, WorkerFailed, OSError) as error:
        return complain(str(error), NOT_GRADABLE)
    show(found, look_at(sys.stdout))
    claims = [claim for row in found.rows for claim in row.claims if not claim.about_c]
    return FULL if all(claim.holds for claim in claims) else MISSING


def project(lab: Lab) -> str:
    """Return the id of a lab's project."""
    return next(part.id for part in lab.parts if part.kind == "project")


def compare(lab: Lab, submission: Submission, seed: int | None = None) -> Comparison:
    """Return what both sides do. Raises WorkerFailed with the reason where that cannot be found out."""
    with bench() as place:
        source = lay_out(place, lab, submission)
        scratch = place.folder / "scratch"
        golang.stock(scratch, lab.id)
        chosen = new_seed() if seed is None else seed
        job = Job(lab.id, str(source), str(scratch), submission.display, chosen, ())
        for event in run_worker(place, job, "grader.comparison"):
            if event["event"] == "comparison":
                return from_json(event)
            raise WorkerFailed(event["reason"])
    raise WorkerFailed("the comparison ended without a word")
