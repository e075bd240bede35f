"""A replay runs the student's program under strace or gdb: how the command line changes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Sequence

GDB, STRACE = "gdb", "strace"
TRACE = "replay.strace"  # name of the file that a replay under strace leaves


@dataclass(frozen=True)
class Under:
    """`tool` is "strace" or "gdb"; it concerns programs below `programs` only, not compilers.

    source: where gdb finds the sources; folder: where strace writes.
    """

    tool: str
    programs: Path
    source: Path
    folder: Path

    def concerns(self, argv: Sequence[str | Path]) -> bool:
        """Whether this command line is the student's program."""
        return Path(argv[0]).is_relative_to(self.programs)

    def command(self, argv: Sequence[str | Path]) -> list[str]:
        """Return the command line that runs inside the sandbox."""
        words = [str(word) for word in argv]
        if self.tool != GDB:
            return words
        options = [
            "set debuginfod enabled off",
            "set startup-with-shell off",
            f"directory {self.source}",
        ]
        flags = [word for option in options for word in ("-iex", option)]
        hint = "echo Set your breakpoints, then type: run\\n"
        return ["/usr/bin/gdb", "-q", *flags, "-ex", hint, "--args", *words]

    def wrap(self, wrap: Sequence[str]) -> list[str]:
        """Return the command that runs outside, around the launcher; a check's own tracer goes first."""
        if self.tool != STRACE or wrap:
            return list(wrap)
        out = str(self.folder / TRACE)
        return ["strace", "-f", "-tt", "-y", "-I2", "-s", "64", "-A", "-o", out, "--"]


def under(tool: str, scratch: Path, source: Path, folder: Path) -> Under | None:
    """Return how to run programs of a grading in `scratch`, or None for: as always."""
    return Under(tool, scratch / "build", source, folder) if tool else None
