"""`replay`: run exactly one check again, with its seed; bare, under strace or under gdb."""

from __future__ import annotations

import argparse

from grader.verbs import grade


def run(args: argparse.Namespace) -> int:
    """Grade one check as `grade` does; the program runs under what the command line asks for."""
    args.part, args.jobs = "", 1
    return grade.run(args)
