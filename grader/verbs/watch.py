"""`watch`: grade again whenever one of the student's files has changed."""

from __future__ import annotations

import argparse
import os
import select
from fnmatch import fnmatch
from pathlib import Path

from grader import paths
from grader.manifest import Lab, ManifestError, load_lab
from grader.score import WRONG_USE
from grader.track import on_track
from grader.verbs import grade

GLANCE = 0.3  # seconds between two looks at the files

State = dict[str, tuple[int, int]]


def run(args: argparse.Namespace) -> int:
    """Grade, then wait for a change, until interrupted; return how the last grading ended."""
    try:
        lab = on_track(load_lab(paths.ROOT, args.lab), args.track)
    except ManifestError as error:
        return grade.complain(str(error), WRONG_USE)
    folder = args.src or lab.folder
    while True:
        seen = state(lab, folder)
        status = grade.run(args)
        if status == WRONG_USE and not seen:
            return status
        print("\nwaiting for a change; Ctrl-C ends it", flush=True)
        while state(lab, folder) == seen:
            select.select([], [], [], GLANCE)


def state(lab: Lab, folder: Path) -> State:
    """Return size and time of change of each of the student's files."""
    wanted = [name for part in lab.parts for name in (*part.files, *part.extra)]
    found: State = {}
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return found
    for entry in entries:
        if any(fnmatch(entry.name, name) for name in wanted):
            try:
                facts = entry.stat()
            except OSError:
                continue
            found[entry.name] = (facts.st_mtime_ns, facts.st_size)
    return found
