"""`trace`: let a check exercise the program under strace, and show the calls."""

from __future__ import annotations

import argparse
from pathlib import Path

from grader import paths
from grader.manifest import ManifestError, load_lab
from grader.score import WRONG_USE
from grader.session import trace_name
from grader.under import STRACE
from grader.verbs import grade


def run(args: argparse.Namespace) -> int:
    """Replay a check (the project's first unless one is named) under strace and print what it traced."""
    try:
        lab = load_lab(paths.ROOT, args.lab)
    except ManifestError as error:
        return grade.complain(str(error), WRONG_USE)
    project = next(part for part in lab.parts if part.kind == "project")
    args.check = args.check or lab.checks_of(project)[0].id
    args.part, args.jobs, args.under = "", 1, STRACE
    status = grade.run(args)
    traced = Path(trace_name(args.check))
    if traced.exists():
        print(traced.read_text("utf-8", "backslashreplace"), end="")
    return status
