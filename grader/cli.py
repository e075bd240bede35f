"""The command line: one verb per module of grader/verbs, each a function `run(args) -> exit status`."""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
from pathlib import Path

FULL_MARKS, MARKS_MISSING, WRONG_USE, NOT_GRADABLE = 0, 1, 2, 3

PROGRAM = "python3 -m grader"
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def parser() -> argparse.ArgumentParser:
    """Return the parser of all verbs."""
    top = argparse.ArgumentParser(prog=PROGRAM, description="Grade the labs of syslabs.")
    verbs = top.add_subparsers(dest="verb", metavar="VERB", required=True)
    _grade(verbs.add_parser("grade", help="grade a submission"))
    _replay(verbs.add_parser("replay", help="run exactly one check again"))
    _hint(verbs.add_parser("hint", help="three steps towards a check, one more each time"))
    verbs.add_parser("list", help="labs, parts, points and your last mark")
    verbs.add_parser("doctor", help="what this machine lacks, and how to mend it")
    _pack(verbs.add_parser("pack", help="the archive to hand in"))
    _release(verbs.add_parser("release", help="the student bundle"))
    _soak(verbs.add_parser("soak", help="the same verdict, again and again, on a busy machine"))
    _selftest(verbs.add_parser("selftest", help="prove checks with right and wrong programs"))
    _grade(verbs.add_parser("watch", help="grade again whenever a file has changed"))
    _trace(verbs.add_parser("trace", help="the system calls of the program during a check"))
    _submission(verbs.add_parser("compare", help="the C program and its Go twin, call by call"))
    _handouts(verbs.add_parser("handouts", help="the handouts as pages, checked"))
    _plot(verbs.add_parser("plot", help="a table of measurements (CSV) as a picture (SVG)"))
    verbs.add_parser("new", help="begin a lab").add_argument("--lab", required=True)
    verbs.add_parser("clean", help="remove what gradings and builds have left in the tree")
    return top


def _grade(verb: argparse.ArgumentParser) -> None:
    _submission(verb)
    _track(verb)
    verb.add_argument("--part", default="", help="only the checks of this part")
    verb.add_argument("--check", default="", help="only this check")
    verb.add_argument("--seed", type=_seed, help="seed of all inputs (default: a new one)")
    verb.add_argument("--json", type=Path, metavar="FILE", help="write the result there as well")
    verb.add_argument("--junit", type=Path, metavar="FILE", help="write the result as JUnit XML")
    verb.add_argument("--jobs", type=_count, default=0, help="checks side by side")
    verb.add_argument("--timings", action="store_true", help="show where the time went")


def _replay(verb: argparse.ArgumentParser) -> None:
    _submission(verb)
    _track(verb)
    verb.add_argument("--check", required=True)
    verb.add_argument("--seed", type=_seed, help="the seed that the failure named")
    verb.add_argument("--under", choices=("strace", "gdb"), default="", help="run it under that")


def _trace(verb: argparse.ArgumentParser) -> None:
    _submission(verb)
    verb.add_argument("--check", default="", help="the check (default: the project's first)")
    verb.add_argument("--seed", type=_seed, help="seed of all inputs")


def _hint(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--lab", required=True)
    _track(verb)
    verb.add_argument("--check", required=True)


def _pack(verb: argparse.ArgumentParser) -> None:
    _submission(verb)
    verb.add_argument("--output", type=Path, help="the archive (default: <lab>.tar.gz)")


def _release(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--output", type=Path, help="the bundle (default: build/syslabs.tar.gz)")


def _handouts(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--lab", default="", help="one handout (default: all)")
    verb.add_argument("--update", action="store_true", help="play sessions again first")


def _plot(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--csv", type=Path, required=True, metavar="FILE", help="x,select_us,poll_us …"
    )
    verb.add_argument("--output", type=Path, required=True, metavar="FILE.svg")
    verb.add_argument("--title", default="", help="above the plot (default: the name of the table)")
    verb.add_argument("--label", default="", help="of the y axis (default: its unit)")


def _soak(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--lab", required=True)
    verb.add_argument("--runs", type=_count, default=50, help="gradings of each program")
    verb.add_argument(
        "--mutants", type=_count, default=5, help="wrong programs, besides the reference"
    )
    verb.add_argument("--busy", type=_count, default=2, help="processes that keep the cores busy")


def _selftest(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--lab", default="", help="one lab (default: all)")
    verb.add_argument("--only", default="", help="only programs whose name contains this")


def _submission(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--lab", required=True)
    verb.add_argument("--src", type=Path, help="folder of the submission (default: labs/<lab>)")


def _track(verb: argparse.ArgumentParser) -> None:
    help = "a Go program of your own, or what Go makes of the calls"
    verb.add_argument("--track", choices=("", "go", "mapping"), default="", help=help)


def _seed(text: str) -> int:
    return _number(text, 0, (1 << 63) - 1)


def _count(text: str) -> int:
    return _number(text, 0, 1_000_000)


def _number(text: str, low: int, high: int) -> int:
    if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {low} to {high}")
    return int(text)


def main(argv: list[str]) -> int:
    """Run one verb and return its exit status (0, 1, 2 or 3, see design: Commands)."""
    _open_descriptors()
    _be_interruptible()
    try:
        args = parser().parse_args(argv)
    except SystemExit as leaving:
        return _written(int(leaving.code or 0))
    try:
        status = int(importlib.import_module(f"grader.verbs.{args.verb}").run(args))
    except KeyboardInterrupt:
        print("syslabs: interrupted", file=sys.stderr)
        status = NOT_GRADABLE
    except ModuleNotFoundError as error:
        print(f"syslabs: {_missing(error)}", file=sys.stderr)
        status = NOT_GRADABLE
    except OSError as error:
        if not isinstance(error, BrokenPipeError):  # then nobody reads on
            print(f"syslabs: {error}", file=sys.stderr)
        status = NOT_GRADABLE
    return _written(status)


def _missing(error: ModuleNotFoundError) -> str:
    """Return how to get a module of Debian's that is missing; one of ours is a bug."""
    from grader.toolchain import NEEDS, OPTIONAL, lacking

    name = (error.name or "").partition(".")[0]
    if name not in [need.name for need in (*NEEDS, *OPTIONAL)]:
        raise error
    return lacking([name])


def _written(status: int) -> int:
    """Return the status once all output is written, 3 if it cannot be."""
    try:
        sys.stdout.flush()
        return status
    except OSError as error:
        # Else the interpreter tries once more at its end, and complains.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if status != NOT_GRADABLE and not isinstance(error, BrokenPipeError):
            print(f"syslabs: {error}", file=sys.stderr)
        return NOT_GRADABLE


def _open_descriptors() -> None:
    """Open what the caller has closed of 0, 1 and 2: else a pipe of ours gets such a number."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
    sys.stdout = sys.stdout or open(1, "w", closefd=False)  # pylint: disable=consider-using-with
    sys.stderr = sys.stderr or open(2, "w", closefd=False)  # pylint: disable=consider-using-with


def _be_interruptible() -> None:
    """Let the usual signals end a verb in good order, and a second one not disturb that."""

    def stop(number: int, frame: object) -> None:
        for each in ENDINGS:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt

    for each in ENDINGS:
        if signal.getsignal(each) is not signal.SIG_IGN:  # nohup(1) means it
            signal.signal(each, stop)
