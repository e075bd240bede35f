"""What `batch` may be told on the command line."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

Number = Callable[[str], int]


def add(verb: argparse.ArgumentParser, seed: Number, count: Number) -> None:
    """Add the options; seed and count read such numbers."""
    verb.add_argument("--lab", required=True)
    verb.add_argument("--in", type=Path, required=True, dest="submissions", metavar="FOLDER")
    verb.add_argument("--out", type=Path, required=True, dest="results", metavar="FOLDER")
    verb.add_argument("--part", default="", help="only the checks of this part")
    verb.add_argument("--check", default="", help="only this check")
    verb.add_argument("--seed", type=seed, help="seed of all inputs (default: that of OUT)")
    verb.add_argument("--jobs", type=count, default=0, help="submissions side by side")
    verb.add_argument("--engine", default="", help="tcp://host:port of a Dask scheduler")
    verb.add_argument("--only", choices=("failed", "ungraded", "changed"), default="")
    verb.add_argument("--dry-run", action="store_true", help="show whose mark would change")
    verb.add_argument("--no-container", action="store_true", help="the sandbox has to do")
