"""`selftest`: prove a lab's checks with programs whose marks are known beforehand."""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Collection

from grader import paths, proof
from grader.manifest import Lab, ManifestError, all_labs, load_lab
from grader.result import Grade
from grader.score import FULL, MISSING, NOT_GRADABLE, WRONG_USE
from grader.session import Options, grade, new_seed
from grader.submission import Rejected, collect
from grader.toolchain import Unready, prepare
from grader.verbs.grade import complain
from grader.worker import WorkerFailed


def run(args: argparse.Namespace) -> int:
    """Prove one lab or all; return 0 when every program got what it must."""
    try:
        labs = [load_lab(paths.ROOT, args.lab)] if args.lab else all_labs(paths.ROOT)
        prepare()
        wrong = sum(_prove(lab, args.only) for lab in labs)
    except (ManifestError, Rejected, proof.BadSubject) as error:
        return complain(str(error), WRONG_USE)
    except (Unready, WorkerFailed) as error:
        return complain(str(error), NOT_GRADABLE)
    return MISSING if wrong else FULL


def _prove(lab: Lab, only: str) -> int:
    """Grade every subject of a lab, print a line each, and return how many were misjudged."""
    wrong = 0
    for subject in proof.subjects(lab):
        if only not in str(subject):
            continue
        started = time.monotonic()
        result = graded(lab, subject)
        found = proof.complaints(subject, result)
        wrong += bool(found)
        seconds = time.monotonic() - started
        sign = "WRONG" if found else "ok"
        print(f"{sign:5} {seconds:5.1f} s  {result.score:6.2f}  {subject}", flush=True)
        for complaint in found:
            print(f"      {complaint}", flush=True)
    return wrong


def graded(
    lab: Lab,
    subject: proof.Subject,
    checks: Collection[str] = (),
    quiet: str = "",
    jobs: int = 0,
) -> Grade:
    """Return the grade of one subject.

    checks: ids, all of its part if there are none; quiet: see grader/quiet.py; jobs: checks side by side.
    """
    with tempfile.TemporaryDirectory(prefix="syslabs-proof-") as folder:
        source = proof.lay_out(lab, subject, Path(folder))
        submission = collect(lab, source, subject.part)
        every = (check.id for check in lab.checks if subject.part in ("", check.part))
        wanted = tuple(id for id in every if not checks or id in checks)
        options = Options(wanted, new_seed(), jobs=jobs, quiet=quiet)
        return grade(lab, submission, options, lambda event: None)
