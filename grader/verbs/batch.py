"""`batch`: grade a whole class, each submission in a container of its own."""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import AbstractContextManager

from grader import paths
from grader.batch import crew, grades
from grader.batch.board import Board, Busy
from grader.batch.container import NoEngine
from grader.batch.crew import Crew, NoCrew
from grader.batch.flow import Flow, Outcome, chosen
from grader.batch.image import NotBuilt
from grader.batch.roster import Handed, Settings, roster
from grader.manifest import ManifestError, load_lab
from grader.report import class_summary
from grader.report.class_progress import ClassProgress
from grader.report.look import Look, look_at
from grader.result import Grade
from grader.score import FULL, NOT_GRADABLE, WRONG_USE
from grader.toolchain import Unready, compile_ahead, prepare
from grader.verbs.grade import Misuse, complain, wanted_checks

LOUD = """\
syslabs: NO CONTAINER. Untrusted code runs on this machine behind one wall instead of two: the
         sandbox of each run. Do this only on a machine that you could lose. {why}
"""


def run(args: argparse.Namespace) -> int:
    """Grade a class; return 0 when every submission has its result, 3 when some are ungraded."""
    look = look_at(sys.stdout)
    try:
        lab = load_lab(paths.ROOT, args.lab)
        checks = wanted_checks(lab, args.part, args.check)
        if not args.submissions.is_dir():
            raise Misuse(f"{args.submissions}: not a folder; IN names the folder of submissions")
        board = Board(args.results)
    except (Misuse, ManifestError) as error:
        return complain(str(error), WRONG_USE)
    try:
        with board.mine():
            jobs = 0 if args.jobs == 1 else 2 * (os.cpu_count() or 1) // crew.cores() or 1
            part = args.part or (lab.check(args.check).part if args.check else "")
            settings = Settings(lab, checks, board.seed(args.seed), jobs, part)
            return _batch(look, settings, board, args)
    except KeyboardInterrupt:
        return complain("interrupted; the same command goes on", NOT_GRADABLE)
    except (Busy, NoEngine, NotBuilt, NoCrew, Unready) as error:
        return complain(f"not gradable on this machine: {error}", NOT_GRADABLE)


def _batch(look: Look, settings: Settings, board: Board, args: argparse.Namespace) -> int:
    look.line((f"syslabs: reading {args.submissions}", "bright_black"))
    look.console.file.flush()
    everyone = list(roster(args.submissions, settings, args.jobs or crew.cores()))
    with _crew(settings, board, args) as hands:
        entries = chosen(everyone, settings, board, args.only, hands.grader)
        count = f"{len(entries)} of {len(everyone)} submissions"
        look.line((f"syslabs {settings.lab.id}  ", "bold"), (f"{count} · {hands.walls}", ""))
        look.line((f"seed {settings.seed} · {hands.size} at once", "bright_black"))
        began = board.begin(f"{args.only} {settings.seed} {hands.grader}")
        outcomes = []
        try:
            with ClassProgress(look, len(entries)) as progress:
                for outcome in Flow(settings, board, began, progress).run(entries, hands):
                    outcomes.append(outcome)
                    if not args.dry_run:
                        board.apply(outcome.entry.handed.label, outcome.entry.key, outcome.grade)
            board.end()
        finally:
            table = _table(board, everyone)
            if not args.dry_run:
                grades.write(settings.lab, table, board.out / "grades.csv")
    return _told(look, board, args, outcomes, table)


def _told(
    look: Look,
    board: Board,
    args: argparse.Namespace,
    outcomes: list[Outcome],
    table: list[Grade],
) -> int:
    """Print what there is to know at the end; return the exit status."""
    if args.dry_run:
        class_summary.show_changes(look, [(each.entry.before, each.grade) for each in outcomes])
        return FULL
    class_summary.show(look, table)
    look.line()
    look.line((f"  {board.out / 'grades.csv'} and a result.json for each submission", ""))
    ungraded = any(grade.status == "ungraded" for grade in table)
    return NOT_GRADABLE if ungraded else FULL


def _table(board: Board, everyone: list[Handed]) -> list[Grade]:
    """The results of all who have handed in, as far as there are any."""
    found = (board.result(handed.label) for handed in everyone)
    return [grade for grade in found if grade is not None]


def _crew(
    settings: Settings, board: Board, args: argparse.Namespace
) -> AbstractContextManager[Crew]:
    """Return who grades. Raises NoEngine, NotBuilt, NoCrew, Unready."""
    contained = not args.no_container
    if not contained:
        sys.stderr.write(LOUD.format(why="You asked for it (--no-container)."))
        prepare()
        compile_ahead()
    if args.engine:
        return crew.cluster(args.engine, settings.lab.id, contained, board.name())
    return crew.local(settings.lab.id, args.jobs, contained, board.name())
