"""Where things are: the one place that knows the layout of the tree."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LABS = ROOT / "labs"
SOLUTIONS = ROOT / "solutions"
CHECKS = ROOT / "grader" / "checks"
ETC = ROOT / "grader" / "etc"  # /etc of the sandbox
TOOLS = ROOT / "build" / "tools"
TESTS = ROOT / "build" / "tests"


def tool(name: str) -> Path:
    """Return the path of one of the grader's C tools (grader/tools/*.c, built by its Makefile)."""
    return TOOLS / name
