"""The grader's own C tools, built on first use, and what a machine must have for that."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from dataclasses import dataclass

from grader import paths

TOOLS = ("gate", "sockets", "shortio")


class Unready(RuntimeError):
    """This machine cannot grade yet; the message says why and how to mend it."""


@dataclass(frozen=True)
class Need:
    """Something that grading needs: a command or a Python module, and Debian's package with it."""

    name: str
    package: str
    what_for: str
    module: bool = False

    def met(self) -> bool:
        """Return whether the machine has it."""
        if self.module:
            return importlib.util.find_spec(self.name) is not None
        return shutil.which(self.name) is not None


NEEDS = (
    Need("gcc", "gcc", "compiles submissions"),
    Need("make", "make", "builds the grader's tools"),
    Need("strace", "strace", "shows what a program asked of the kernel"),
    Need("bwrap", "bubblewrap", "keeps student programs in a sandbox"),
    Need("addr2line", "binutils", "finds the source line of a call"),
    Need("pytest", "python3-pytest", "finds and runs the checks", module=True),
    Need("rich", "python3-rich", "draws the report", module=True),
    Need("seccomp", "python3-seccomp", "makes the filter of system calls", module=True),
)


def prepare() -> None:
    """Build the tools if they are missing or old. Raises Unready."""
    missing = [need for need in NEEDS if not need.met()]
    essential = [need for need in missing if need.name not in ("strace", "bwrap", "addr2line")]
    if essential:
        packages = " ".join(need.package for need in essential)
        raise Unready(f"missing {', '.join(n.name for n in essential)}: apt-get install {packages}")
    if all(_fresh(name) for name in TOOLS):
        return
    done = subprocess.run(
        ["make", "-s", "-C", str(paths.ROOT / "grader" / "tools"), f"OUT={paths.TOOLS}"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise Unready(f"the grader's tools cannot be built:\n{done.stderr.strip()}")


def _fresh(name: str) -> bool:
    source = paths.ROOT / "grader" / "tools" / f"{name}.c"
    built = paths.tool(name)
    return built.exists() and built.stat().st_mtime >= source.stat().st_mtime
