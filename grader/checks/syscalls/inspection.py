"""One run of the inspector that has ended: how it was called, what it printed, what that means."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from typing import Sequence

from grader.checks.syscalls.table import Listed, Table, read_list, read_table
from grader.ending import Exit
from grader.excerpt import excerpt
from grader.result import Evidence


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
                shown.append(Evidence("output", excerpt(text)))
        return shown


def typed(argv: Sequence[object]) -> str:
    """Return a command line for people; long words and paths of ours are shortened."""
    shown = []
    for word in map(str, argv):
        word = os.path.basename(word) if word.startswith("/") and len(word) > 24 else word
        word = word if len(word) <= 48 else f"{word[:30]}…"
        plain = word and all(c.isalnum() or c in "-_=./:," for c in word)
        shown.append(word if plain else "'" + word.replace("\n", "\\n") + "'")
    return " ".join(shown)
