"""House style: what formatters and linters say, and how long things may get (see CONTRIBUTING.md)."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from grader import paths

MODULE_LINES, TEST_LINES, FUNCTION_LINES, MAKEFILE_LINES = 200, 500, 40, 60
WORK_LEFT = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")


@cache
def tracked() -> tuple[Path, ...]:
    """The files of the repository; of the tree, where it is no checkout."""
    argv = ["git", "-c", "safe.directory=*", "-C", str(paths.ROOT), "ls-files", "-z"]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=True)
        found = [paths.ROOT / name for name in done.stdout.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        found = [path for path in paths.ROOT.rglob("*") if "build" not in path.parts]
    return tuple(path for path in found if path.is_file())


def files(*suffixes: str) -> list[Path]:
    return [path for path in tracked() if path.suffix in suffixes]


def name(path: Path) -> str:
    return str(path.relative_to(paths.ROOT))


def clean(tool: str, *arguments: str | Path) -> None:
    """Fail with what the tool prints, if it is not content."""
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed")
    words = [tool, *map(str, arguments)]
    if tool in ("black", "mypy", "flake8"):
        words = [sys.executable, "-m", *words]
    done = subprocess.run(words, cwd=paths.ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"


def test_black() -> None:
    clean("black", "--check", *files(".py"))


def test_mypy() -> None:
    clean("mypy", *(path for path in files(".py") if not is_test(path)))


def test_flake8() -> None:
    clean("flake8", *files(".py"))


def test_shellcheck() -> None:
    clean("shellcheck", *files(".sh"), paths.ROOT / ".ci/run")


def test_clang_format() -> None:
    clean("clang-format", "--dry-run", "-Werror", *files(".c", ".h"))


# -- lengths -----------------------------------------------------------------------------------


def lines(path: Path) -> int:
    return len(path.read_text("utf-8").splitlines())


def is_test(path: Path) -> bool:
    return (paths.ROOT / "grader/selftest") in path.parents


def test_modules_are_short() -> None:
    limits = {path: TEST_LINES if is_test(path) else MODULE_LINES for path in files(".py")}
    assert {name(p): lines(p) for p, limit in limits.items() if lines(p) > limit} == {}


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def functions(path: Path) -> Iterator[ast.FunctionDef]:
    return (node for node in ast.walk(parsed(path)) if isinstance(node, ast.FunctionDef))


def test_functions_are_short() -> None:
    found = {
        f"{name(path)}:{node.lineno} {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in files(".py")
        for node in functions(path)
    }
    assert {where: count for where, count in found.items() if count > FUNCTION_LINES} == {}


def public(body: list[ast.stmt]) -> Iterator[ast.FunctionDef]:
    """Functions of a module and methods of its classes; what overrides a method says no more than that."""
    for node in body:
        if isinstance(node, ast.ClassDef) and not node.bases and not node.name.startswith("_"):
            yield from public(node.body)
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield node


def test_public_functions_are_documented() -> None:
    bare = [
        f"{name(path)}:{node.lineno} {node.name}"
        for path in files(".py")
        if not is_test(path)
        for node in public(parsed(path).body)
        if not ast.get_docstring(node)
    ]
    assert bare == []


def test_the_makefile_is_short() -> None:
    assert lines(paths.ROOT / "Makefile") <= MAKEFILE_LINES


# -- what must not be there --------------------------------------------------------------------


def test_nothing_sleeps() -> None:
    """A fixed pause is too long on one machine and too short on another: wait for the event."""
    sleeping = [
        f"{name(path)}:{node.lineno}"
        for path in files(".py")
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Attribute) and node.attr == "sleep"
    ]
    assert sleeping == []


def test_work_that_is_left_is_the_students() -> None:
    """Only the skeletons say that something is to be done; texts may speak of it as TODO(part)."""
    ours = [path for path in tracked() if paths.LABS not in path.parents]
    left = [
        f"{name(path)}: {line.strip()}"
        for path in ours
        if path.suffix in (".py", ".c", ".h", ".sh", "") and path.name != "LICENSE"
        for line in path.read_text("utf-8", "replace").splitlines()
        if WORK_LEFT.search(line) and path != Path(__file__)
    ]
    assert left == []


def test_no_product_is_in_the_repository() -> None:
    products = {".o", ".so", ".a", ".pyc", ".gz", ".zip", ".out"}
    assert [name(path) for path in tracked() if path.suffix in products] == []
    assert [name(path) for path in tracked() if path.read_bytes()[:4] == b"\x7fELF"] == []


def test_texts_end_with_a_newline_and_have_no_trailing_blanks() -> None:
    bad = []
    for path in tracked():
        if path.suffix in (".py", ".c", ".h", ".md", ".toml", ".sh", ""):
            text = path.read_text("utf-8")
            if text and not text.endswith("\n") or re.search(r"[ \t]+$", text, re.MULTILINE):
                bad.append(name(path))
    assert bad == []
