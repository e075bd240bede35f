"""`release`: the student bundle, in which every verb of a student works without solutions."""

from __future__ import annotations

import argparse
import os
import subprocess
from pathlib import Path

from grader import archive, paths
from grader.score import FULL, WRONG_USE
from grader.verbs.grade import complain

# What only instructors have. The yardsticks are no solutions and stay.
WITHHELD = ("solutions/", "bench/", "grader/selftest/", "grader/tools/tests/", ".ci/")
WITHHELD_FOLDERS = ("mutants", "alternatives", "hostile")


class NoRepository(RuntimeError):
    """The bundle is made from a checkout of the repository, and this is none."""


def run(args: argparse.Namespace) -> int:
    """Write the bundle and say what is in it; return 0, or 2 where there is nothing to make it of."""
    output = args.output or paths.ROOT / "build" / "syslabs.tar.gz"
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        names = [name for name in tracked() if not withheld(name)]
        write_bundle(names, output)
    except NoRepository as error:
        return complain(str(error), WRONG_USE)
    except OSError as error:
        return complain(f"{error.filename or output}: {error.strerror}", WRONG_USE)
    print(f"{output}: {len(names)} files, {os.path.getsize(output) >> 10} KiB")
    return FULL


def tracked() -> list[str]:
    """Return the files of the repository, as git knows them. Raises NoRepository."""
    argv = ["git", "-C", str(paths.ROOT), "ls-files", "-z"]
    try:
        done = subprocess.run(argv, capture_output=True, check=True)
    except FileNotFoundError:
        raise NoRepository("git is missing: apt-get install git") from None
    except subprocess.CalledProcessError:
        raise NoRepository(f"{paths.ROOT} is no checkout of the repository of syslabs") from None
    return sorted(name for name in os.fsdecode(done.stdout).split("\0") if name)


def withheld(name: str) -> bool:
    """Return whether a file of the repository is for instructors only."""
    folders = Path(name).parts
    return name.startswith(WITHHELD) or any(folder in WITHHELD_FOLDERS for folder in folders)


def write_bundle(names: list[str], output: Path) -> None:
    """Write a .tar.gz with one folder `syslabs` in it, owned by nobody in particular. Raises OSError."""
    members = {f"syslabs/{name}": paths.ROOT / name for name in names}
    archive.write({name: archive.member(path) for name, path in members.items()}, output)
