"""`hint`: three steps towards a check (a question, the man page, the shape), one more each time."""

from __future__ import annotations

import argparse
import sys

from grader import history, paths
from grader.manifest import Check, ManifestError, load_lab
from grader.near import unknown
from grader.report.look import Look, look_at
from grader.score import FULL, WRONG_USE
from grader.track import on_track
from grader.verbs.grade import complain

STEPS = ("question", "man page", "shape")
AGAIN = {
    2: "Two more hints: ask again.",
    1: "One more hint: ask again.",
    0: "That was the last hint.",
}
FORGETFUL = "Nothing can be remembered in .syslabs here, so these are all three."


def run(args: argparse.Namespace) -> int:
    """Show one hint more than last time; return 0, or 2 for an unknown lab or check."""
    try:
        lab = on_track(load_lab(paths.ROOT, args.lab), args.track)
    except ManifestError as error:
        return complain(str(error), WRONG_USE)
    ids = [check.id for check in lab.checks]
    if args.check not in ids:
        return complain(unknown("check", args.check, ids), WRONG_USE)
    count = min(history.hints_read(lab.id, args.check) + 1, len(STEPS))
    kept = history.keep_hints_read(lab.id, args.check, count)
    show(look_at(sys.stdout), lab.check(args.check), count if kept else len(STEPS))
    print(f"\n{AGAIN[len(STEPS) - count] if kept else FORGETFUL}")
    return FULL


def show(look: Look, check: Check, count: int) -> None:
    """Print the first count hints of a check; the newest stands out."""
    look.entry(look.text((f"{check.id}  ", "bold cyan")), check.title, "bold")
    for number, (step, hint) in enumerate(zip(STEPS, check.hints[:count]), 1):
        newest = "bold" if number == count else ""
        look.entry(look.text((f"  {number} {step:<10}", "bright_black")), hint, newest)
