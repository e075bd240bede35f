"""What a lab teaches: one idea, the paragraph of the handout that explains it, the checks that prove it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

from grader import paths
from grader.toml_lines import Table


@dataclass(frozen=True)
class Concept:
    """A `[[concept]]` of lab.toml."""

    name: str
    section: str  # how a heading or a paragraph of the handout begins
    checks: tuple[str, ...]  # ids


def read_concept(table: Table) -> Concept:
    """Return what a `[[concept]]` says. Raises ManifestError."""
    table.only(field.name for field in fields(Concept))
    return Concept(table.text("name"), table.text("section"), table.texts("checks"))


def handout(slug: str) -> Path:
    """Return where the handout of a lab is."""
    return paths.ROOT / "handouts" / f"{slug}.md"


def explained_in(text: str, concept: Concept) -> int:
    """Return the line of a handout where a concept is explained: `## Section` or `**Section`; 0 if nowhere."""
    for number, line in enumerate(text.splitlines(), 1):
        begin = line.lstrip("#* ")
        if begin != line and begin.startswith(concept.section):
            return number
    return 0
