"""`release`: the student bundle, in which every verb of a student works without solutions."""

from __future__ import annotations

import argparse
import io
import os
import subprocess
import tarfile
from pathlib import Path

from grader import paths
from grader.score import FULL, WRONG_USE
from grader.verbs.grade import complain

# What only instructors have. The yardsticks are no solutions and stay.
WITHHELD = ("solutions/", "grader/selftest/", "grader/tools/tests/", ".ci/")
WITHHELD_FOLDERS = ("mutants", "alternatives", "hostile")


def run(args: argparse.Namespace) -> int:
    """Write the bundle and say what is in it."""
    output = args.output or paths.ROOT / "build" / "syslabs.tar.gz"
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        names = [name for name in tracked() if not withheld(name)]
        write_bundle(names, output)
    except (OSError, subprocess.CalledProcessError) as error:
        return complain(f"{output}: {error}", WRONG_USE)
    print(f"{output}: {len(names)} files, {os.path.getsize(output) >> 10} KiB")
    return FULL


def tracked() -> list[str]:
    """Return the files of the repository, as git knows them."""
    argv = ["git", "-C", str(paths.ROOT), "ls-files", "-z"]
    done = subprocess.run(argv, capture_output=True, check=True)
    return sorted(name for name in done.stdout.decode().split("\0") if name)


def withheld(name: str) -> bool:
    """Return whether a file of the repository is for instructors only."""
    return name.startswith(WITHHELD) or any(part in WITHHELD_FOLDERS for part in Path(name).parts)


def write_bundle(names: list[str], output: Path) -> None:
    """Write a .tar.gz with one folder `syslabs` in it, owned by nobody in particular."""
    with tarfile.open(output, "w:gz") as archive:
        for name in names:
            path = paths.ROOT / name
            entry = tarfile.TarInfo(f"syslabs/{name}")
            content = path.read_bytes()
            entry.size = len(content)
            entry.mode = 0o755 if path.stat().st_mode & 0o100 else 0o644
            entry.mtime = int(path.stat().st_mtime)
            archive.addfile(entry, io.BytesIO(content))
