"""`plot`: a table of measurements, such as `muxbench -c` writes, as an SVG picture."""

from __future__ import annotations

import argparse

from grader.plot import BadTable, draw, read_table
from grader.score import FULL, NOT_GRADABLE, WRONG_USE
from grader.verbs.grade import complain


def run(args: argparse.Namespace) -> int:
    """Draw the table; return 0, 2 for a table that cannot be drawn, 3 where the file cannot be written."""
    try:
        table = read_table(args.csv)
    except (BadTable, OSError) as error:
        return complain(str(error), WRONG_USE)
    picture = draw(table, args.title or args.csv.stem, args.label)
    try:
        args.output.write_text(picture, "utf-8")
    except OSError as error:
        return complain(str(error), NOT_GRADABLE)
    print(args.output)
    return FULL
