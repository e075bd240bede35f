"""One run of the inspector that has ended: how it was called, what it printed, what that means."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from typing import Sequence

from grader.checks.syscalls.table import Listed, Table, read_list, read_table
from grader.ending import Exit
from grader.result import Evidence

LINES = 24  # of an output that is shown


@dataclass(frozen=True)
class Inspection:
    """One run of the inspector, which has ended."""

    words: str  # as one would type it
    ending: Exit
    stdout: bytes
    stderr: str
    report: str  # what it printed about the calls: the file of -o, else stderr

    @cached_property
    def table(self) -> Table:
        """The summary."""
        return read_table(self.report)

    @cached_property
    def listed(self) -> list[Listed]:
        """The lines of -l."""
        return read_list(self.report)

    def exhibits(self) -> list[Evidence]:
        """The command and what the inspector printed."""
        shown = [Evidence("note", self.words)]
        for text in dict.fromkeys((self.report, self.stderr)):
            if text.strip():
                shown.append(Evidence("output", shortened(text)))
        return shown


def shortened(text: str, lines: int = LINES) -> str:
    """Return a text of at most so many lines, its middle left out."""
    all_lines = text.rstrip().splitlines()
    if len(all_lines) <= lines:
        return text.rstrip()
    left_out = f"… {len(all_lines) - lines} more lines …"
    return "\n".join([*all_lines[: lines // 2], left_out, *all_lines[-(lines - lines // 2) :]])


def typed(argv: Sequence[object]) -> str:
    """Return a command line for people; long words and paths of ours are shortened."""
    shown = []
    for word in map(str, argv):
        word = os.path.basename(word) if word.startswith("/") and len(word) > 24 else word
        word = word if len(word) <= 48 else f"{word[:30]}…"
        plain = word and all(c.isalnum() or c in "-_=./:," for c in word)
        shown.append(word if plain else "'" + word.replace("\n", "\\n") + "'")
    return " ".join(shown)
