"""The options of every verb; what they do is in grader/verbs."""

from __future__ import annotations

import argparse
from pathlib import Path

from grader.batch import options

PROGRAM = "python3 -m grader"


def parser() -> argparse.ArgumentParser:
    """Return the parser of all verbs."""
    top = argparse.ArgumentParser(prog=PROGRAM, description="Grade the labs of syslabs.")
    verbs = top.add_subparsers(dest="verb", metavar="VERB", required=True)
    _grade(verbs.add_parser("grade", help="grade a submission"))
    _replay(verbs.add_parser("replay", help="run exactly one check again"))
    _hint(verbs.add_parser("hint", help="three steps towards a check, one more each time"))
    _list(verbs.add_parser("list", help="labs, parts, points and your last mark"))
    verbs.add_parser("doctor", help="what this machine lacks, and how to mend it")
    _pack(verbs.add_parser("pack", help="the archive to hand in"))
    _release(verbs.add_parser("release", help="the student bundle"))
    options.add(verbs.add_parser("batch", help="grade a class, in containers"), _seed, _count)
    verbs.add_parser("image", help="build the image that batch uses")
    _soak(verbs.add_parser("soak", help="the same verdict, again and again, on a busy machine"))
    _selftest(
        verbs.add_parser("selftest", help="prove a lab's checks with right and wrong programs")
    )
    _grade(verbs.add_parser("watch", help="grade again whenever a file has changed"))
    _trace(
        verbs.add_parser("trace", help="the system calls of the program while a check talks to it")
    )
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
    verb.add_argument(
        "--under", choices=("strace", "gdb"), default="", help="run the program under it"
    )


def _trace(verb: argparse.ArgumentParser) -> None:
    _submission(verb)
    verb.add_argument("--check", default="", help="the check (default: the project's first)")
    verb.add_argument("--seed", type=_seed, help="seed of all inputs")


def _hint(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--lab", required=True)
    _track(verb)
    verb.add_argument("--check", required=True)


def _list(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--concepts", action="store_true", help="what is taught, practised and checked where"
    )


def _pack(verb: argparse.ArgumentParser) -> None:
    _submission(verb)
    verb.add_argument("--output", type=Path, help="the archive (default: <lab>.tar.gz)")


def _release(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--output", type=Path, help="the bundle (default: build/syslabs.tar.gz)")


def _handouts(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--lab", default="", help="one handout (default: all)")
    verb.add_argument("--update", action="store_true", help="play its sessions again first")


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
