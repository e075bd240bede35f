"""The grader's own C tools, built on first use, and what a machine must have for that."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from grader import paths, privilege
from grader.lock import locked

TOOLS = ("gate", "sockets", "shortio", "latesignal")
EVERYTHING = "everything"
ABSENT = "missing "  # begins the reason of what is held for that


class Unready(RuntimeError):
    """This machine cannot grade yet; the message says why and how to mend it."""


@dataclass(frozen=True)
class Need:
    """Something that grading needs: a command, a Python module or a file, and Debian's package with it."""

    name: str
    package: str
    what_for: str
    lost: str = EVERYTHING  # what cannot be graded without it
    module: bool = False
    file: str = ""

    def met(self) -> bool:
        """Return whether the machine has it."""
        if self.module:
            return importlib.util.find_spec(self.name) is not None
        return Path(self.file).exists() if self.file else shutil.which(self.name) is not None


TRACES = "every check that reads a trace is inconclusive"
NEEDS = (
    Need("gcc", "gcc", "compiles submissions"),
    Need("make", "make", "builds the grader's tools"),
    Need("libc", "libc6-dev", "is what C programs are built on", file="/usr/include/stdio.h"),
    Need("strace", "strace", "shows what a program asked of the kernel", TRACES),
    Need("taskset", "util-linux", "keeps a tracer and its program together", TRACES),
    Need("bwrap", "bubblewrap", "keeps programs in a sandbox", "marks are advisory"),
    Need(
        "addr2line", "binutils", "finds the source line of a call", "failures name no source line"
    ),
    Need(
        *("criterion", "libcriterion-dev", "runs the tests of drills", "drills"),
        file="/usr/include/criterion/criterion.h",
    ),
    Need("pytest", "python3-pytest", "finds and runs the checks", module=True),
    Need("rich", "python3-rich", "draws the report", module=True),
    Need("seccomp", "python3-seccomp", "makes the filter of system calls", module=True),
    Need("elftools", "python3-pyelftools", "looks into object files", module=True),
)
OPTIONAL = (  # no grading needs them
    Need("gdb", "gdb", "lets you stop a program that is replayed", "replay UNDER=gdb"),
    Need("jinja2", "python3-jinja2", "writes the files of a new lab", "new", module=True),
    Need("markdown", "python3-markdown", "makes pages of handouts", "handouts", module=True),
    Need("dot", "graphviz", "draws their pictures", "handouts"),
    Need("go", "golang-go", "builds the Go twins", "compare, and the tracks go and mapping"),
)


def has(name: str) -> bool:
    """Return whether the machine has the need of that name. Raises KeyError for no such need."""
    return {need.name: need for need in (*NEEDS, *OPTIONAL)}[name].met()


def lacking(names: Iterable[str]) -> str:
    """Return one line that says how to get needs that are not met."""
    needs = [need for need in (*NEEDS, *OPTIONAL) if need.name in set(names)]
    packages = " ".join(need.package for need in needs)
    return f"{ABSENT}{', '.join(need.name for need in needs)}: apt-get install {packages}"


def prepare() -> None:
    """Build the tools if they are missing or old; only one process at a time does. Raises Unready."""
    missing = [need.name for need in NEEDS if need.lost == EVERYTHING and not need.met()]
    if missing:
        raise Unready(lacking(missing))
    if _fresh():
        return
    with locked(_sources()):
        if not _fresh():
            _build()


def compile_ahead() -> None:
    """Store Python's bytecode of the grader: a worker that root starts, as another user, cannot.

    Without it each grading compiles all modules anew, a third of its start.
    """
    if privilege.is_root():
        argv = [sys.executable, "-m", "compileall", "-q", str(paths.ROOT / "grader")]
        subprocess.run(argv, stdout=subprocess.DEVNULL, check=False)  # a read-only tree will do


def _sources() -> Path:
    return paths.ROOT / "grader" / "tools"


def _fresh() -> bool:
    """Whether every tool is there and younger than all sources."""
    newest = max(path.stat().st_mtime for path in _sources().glob("*.[ch]"))
    tools = [paths.tool(name) for name in TOOLS]
    return all(tool.exists() and tool.stat().st_mtime >= newest for tool in tools)


def _build() -> None:
    argv = ["make", "-s", "-C", str(_sources()), f"OUT={paths.TOOLS}"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        telling = [line for line in said if "error" in line or "cannot" in line] or said
        raise Unready(f"the grader's tools cannot be built: {telling[0] if telling else argv}")
