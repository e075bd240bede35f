"""`handouts`: the handouts as pages; with --update their sessions are played again first."""

from __future__ import annotations

import argparse
import json

from grader import paths
from grader.handout import Handout, faults, read_handout
from grader.handout_page import NoPicture, page
from grader.handout_session import SCRIPT
from grader.job import Job
from grader.manifest import Lab, ManifestError, load_lab
from grader.score import FULL, MISSING, NOT_GRADABLE
from grader.submission import Rejected, collect
from grader.toolchain import Unready, prepare
from grader.verbs.grade import complain
from grader.worker import WorkerFailed, bench, lay_out, run_worker

FOLDER = paths.ROOT / "handouts"
SEED = 1


def run(args: argparse.Namespace) -> int:
    """Check and render handouts; return 0, 1 where one has a fault, 3 where a tool is missing."""
    files = [FOLDER / f"{args.lab}.md"] if args.lab else sorted(FOLDER.glob("*.md"))
    target = paths.ROOT / "build" / "handouts"
    target.mkdir(parents=True, exist_ok=True)
    wrong = []
    try:
        if args.update:
            prepare()
        for file in files:
            if args.update:
                update(file.stem)
            handout = read_handout(file)
            wrong += [f"handouts/{file.name}: {fault}" for fault in faults(handout, FOLDER)]
            if not wrong:
                (target / f"{file.stem}.html").write_text(page(handout, FOLDER), "utf-8")
                print(f"build/handouts/{file.stem}.html")
    except (NoPicture, OSError, Unready, WorkerFailed, ManifestError, Rejected) as error:
        return complain(str(error), NOT_GRADABLE)
    return complain("\n".join(wrong), MISSING) if wrong else FULL


def update(name: str) -> None:
    """Write into a handout what its sessions print today."""
    file = FOLDER / f"{name}.md"
    handout = read_handout(file)
    if handout.sessions:
        outputs = played(handout, load_lab(paths.ROOT, name))
        file.write_text(handout.with_outputs(outputs).text, "utf-8")


def played(handout: Handout, lab: Lab) -> list[list[str]]:
    """Return what the commands of a handout print, with the model code. Raises WorkerFailed."""
    submission = collect(lab, paths.SOLUTIONS / lab.id)
    with bench() as place:
        source = lay_out(place, lab, submission)
        sessions = [[step.command for step in session.steps] for session in handout.sessions]
        wanted = {"setup": handout.setup, "sessions": sessions}
        (place.folder / "scratch" / SCRIPT).write_text(json.dumps(wanted), "utf-8")
        job = Job(lab.id, str(source), str(place.folder / "scratch"), "", SEED, ())
        for event in run_worker(place, job, "grader.handout_session"):
            if event["event"] == "played":
                return list(event["outputs"])
            raise WorkerFailed(f"handouts/{handout.name}.md: {event['reason']}")
    raise WorkerFailed("the sessions ended without a word")
