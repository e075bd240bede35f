"""`clean`: remove what gradings and builds have left in the tree."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from grader import paths

LEFTOVERS = ("build", ".mypy_cache", ".hypothesis", ".pytest_cache")


def run(_: argparse.Namespace) -> int:
    """Remove build products and caches; marks and hints in .syslabs stay."""
    for name in LEFTOVERS:
        shutil.rmtree(paths.ROOT / name, ignore_errors=True)
    for cache in list(paths.ROOT.rglob("__pycache__")):
        shutil.rmtree(cache, ignore_errors=True)
    for program in _programs():
        program.unlink()
    return 0


def _programs() -> list[Path]:
    """Executables and objects that `make` built in the labs' folders."""
    found = [
        path for path in paths.LABS.glob("*/*") if path.is_file() and path.suffix in ("", ".o")
    ]
    return [path for path in found if _begins(path) == b"\x7fELF"]


def _begins(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(4)
