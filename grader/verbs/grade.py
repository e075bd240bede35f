"""`grade`: grade a submission and show what was found."""

from __future__ import annotations

import argparse
import errno
import os
import sys
import tempfile
from pathlib import Path

from grader import paths
from grader.manifest import Lab, ManifestError, load_lab
from grader.near import unknown
from grader.result import Grade, visible
from grader.score import NOT_GRADABLE, WRONG_USE, exit_status
from grader.session import Options, grade, new_seed
from grader.submission import Rejected, Submission, collect, shown
from grader.track import on_track
from grader.toolchain import Unready, prepare
from grader.worker import WorkerFailed


class Misuse(ValueError):
    """The command line asks for something that does not exist."""


def run(args: argparse.Namespace) -> int:
    """Grade as the command line says; return 0, 1, 2 or 3."""
    try:
        lab, submission, options = chosen(args)
    except (Misuse, ManifestError, Rejected) as error:
        return complain(str(error), WRONG_USE)
    try:
        result = show(lab, submission, options, args)
    except BrokenPipeError:
        raise  # nobody reads the report any more
    except (Unready, WorkerFailed, OSError) as error:
        return complain(f"not gradable on this machine: {error}", NOT_GRADABLE)
    return exit_status(result)


def complain(message: str, status: int) -> int:
    """Print one message on stderr and return the status."""
    print(f"syslabs: {visible(message)}", file=sys.stderr)
    return status


def chosen(args: argparse.Namespace) -> tuple[Lab, Submission, Options]:
    """Return what to grade. Raises Misuse, ManifestError, Rejected."""
    track = getattr(args, "track", "")
    lab = on_track(load_lab(paths.ROOT, args.lab), track)
    part, check = getattr(args, "part", ""), args.check
    checks = wanted_checks(lab, part, check)
    for path in (getattr(args, "json", None), getattr(args, "junit", None)):
        _writable(path)
    part = part or (lab.check(check).part if check else "")
    home = Path("labs") / lab.id
    submission = collect(lab, args.src or (home / "go" if track else home), part)
    seed = new_seed() if args.seed is None else args.seed
    jobs, tool = getattr(args, "jobs", 0), getattr(args, "under", "")
    options = Options(checks, seed, jobs=jobs, under=tool, track=track)
    return lab, submission, options


def wanted_checks(lab: Lab, part: str, check: str) -> tuple[str, ...]:
    """Return the ids of a part's checks, of one check, or of all (""). Raises Misuse."""
    if part and part not in [each.id for each in lab.parts]:
        raise Misuse(unknown("part", part, [each.id for each in lab.parts]))
    if check and check not in [each.id for each in lab.checks]:
        raise Misuse(unknown("check", check, [each.id for each in lab.checks]))
    checks = tuple(each.id for each in lab.checks if _wanted(each.id, each.part, part, check))
    if not checks:
        raise Misuse(f"check {check} is one of part {lab.check(check).part}, not of {part}")
    return checks


def _writable(path: Path | None) -> None:
    """Raise Misuse, before any work is done, for a file that cannot be written."""
    try:
        if path is not None and path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if path is not None:
            tempfile.TemporaryFile(dir=path.parent).close()
    except OSError as error:
        raise Misuse(f"cannot write {shown(path or Path())}: {error.strerror}") from None


def _wanted(check_id: str, check_part: str, part: str, check: str) -> bool:
    return check in ("", check_id) and part in ("", check_part)


def show(lab: Lab, submission: Submission, options: Options, args: argparse.Namespace) -> Grade:
    """Grade with a live report; write the files that the command line asks for."""
    from grader import history
    from grader.report import json_file, junit, terminal
    from grader.report.look import look_at
    from grader.report.progress import Progress

    look = look_at(sys.stdout)
    with Progress(
        lab,
        submission.display,
        checks=options.checks,
        seed=options.seed,
        look=look,
        lively=not options.under,
    ) as progress:
        prepare()
        result = grade(lab, submission, options, progress.event)
    json_path, junit_path = getattr(args, "json", None), getattr(args, "junit", None)
    if json_path:
        json_file.write(result, json_path)
    if junit_path:
        junit.write(result, junit_path)
    timings = getattr(args, "timings", False)
    terminal.show(result, look=look, timings=timings, json=json_path)
    if not options.track:
        history.record(result)
    return result
