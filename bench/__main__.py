"""`python3 -m bench`: measure row after row and print the table."""

from __future__ import annotations

import argparse
import signal
import sys

from bench import place, table
from bench.row import Row, rows
from bench.rounds import LEAST_ROUNDS
from grader import paths, toolchain
from grader.manifest import ManifestError, load_lab

DONE, WRONG_USE, NOT_MEASURABLE = 0, 2, 3


def main(argv: list[str]) -> int:
    """Measure what the command line names; return 0, 2 (wrong use) or 3 (not on this machine)."""
    args = _parser().parse_args(argv)
    try:
        chosen = [row for lab in _labs(args.lab) for row in rows(lab) if _wanted(row, args.only)]
        if not chosen:
            return _complain(f"no row has {args.only!r} in its name", WRONG_USE)
        here = place.here()
        if here is None:
            toolchain.prepare()
            return place.measure_elsewhere(argv)
        table.fill(here, chosen, args.rounds)
    except ManifestError as error:
        return _complain(str(error), WRONG_USE)
    except (place.NoSandbox, toolchain.Unready, OSError) as error:
        return _complain(f"nothing can be measured on this machine: {error}", NOT_MEASURABLE)
    return DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 -m bench", description="How fast it is.")
    parser.add_argument("--lab", default="", help="one lab (default: all that have model code)")
    parser.add_argument("--rounds", type=int, default=LEAST_ROUNDS, help="alternating rounds")
    parser.add_argument(
        "--only", default="", metavar="NAME", help="rows whose name has this, or this+that, in it"
    )
    return parser


def _labs(wanted: str) -> list[str]:
    if wanted:
        return [load_lab(paths.ROOT, wanted).id]
    found = [path.parent.name for path in paths.LABS.glob("*/lab.toml")]
    labs = [load_lab(paths.ROOT, name) for name in found if (paths.SOLUTIONS / name).is_dir()]
    return [lab.id for lab in sorted(labs, key=lambda lab: lab.order)]


def _wanted(row: Row, only: str) -> bool:
    name = f"{row.name}, {row.peer}".lower()
    return any(word in name for word in only.lower().split("+"))


def _complain(message: str, status: int) -> int:
    print(f"bench: {message}", file=sys.stderr)
    return status


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # tidies up as Ctrl-C does
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(NOT_MEASURABLE)
