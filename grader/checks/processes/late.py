"""A signal at the worst moment: after procmon has looked whether something is to do, before it sleeps."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from grader import paths
from grader.result import Evidence
from grader.run import Run


@dataclass(frozen=True)
class Late:
    """The tool latesignal in front of one run; options: what comes late, `-c` or `-s TERM`."""

    run: Run
    report: Path
    options: tuple[str, ...]

    @property
    def argv(self) -> list[str]:
        """The words that go in front of the launcher."""
        program = str(self.run.program())
        tool = str(paths.tool("latesignal"))
        return [tool, *self.options, "-n", "1", "-p", program, "-o", str(self.report), "--"]

    @property
    def struck(self) -> bool:
        """Whether the program made a wait that the tool knows, and was struck there."""
        return self._text().startswith("struck=1")

    def _text(self) -> str:
        return self.report.read_text("utf-8") if self.report.exists() else ""

    @property
    def call(self) -> str:
        """The name of the call that was struck."""
        return "".join(re.findall(r"right before (\w+)", self._text()))

    def evidence(self) -> list[Evidence]:
        """Return what the tool tells."""
        story = self._text().partition("\n")[2].strip()
        return [Evidence("trace", story)] if story else []


def late(run: Run, *options: str) -> Late:
    """Return a new strike, see grader/tools/latesignal.c."""
    return Late(run, run.scratch(f"late-{run.random.getrandbits(48):x}"), options)
