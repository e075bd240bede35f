"""The table of concepts: where each is taught, which part practises it, which checks prove it."""

from __future__ import annotations

from typing import Sequence

from grader.concept import Concept, explained_in, handout
from grader.manifest import Lab
from grader.report.look import Look

COLUMNS = {"concept": 4, "taught in": 5, "part": 2, "checked by": 6}  # and their shares


def show_concepts(look: Look, labs: Sequence[Lab]) -> None:
    """Print a table for each lab."""
    from rich import box
    from rich.table import Table

    for lab in labs:
        table = Table(box=box.SIMPLE_HEAD, width=look.width, pad_edge=False)
        table.title, table.title_justify = look.text((f"{lab.id}  {lab.title}", "bold")), "left"
        for name, share in COLUMNS.items():
            table.add_column(name, ratio=share, overflow="fold")
        for concept in lab.concepts:
            table.add_row(*(look.clean(cell) for cell in row(lab, concept)))
        look.console.print(table)


def row(lab: Lab, concept: Concept) -> tuple[str, str, str, str]:
    """Return the four cells of a concept."""
    practised = dict.fromkeys(lab.check(id).part for id in concept.checks)
    return concept.name, place(lab, concept), ", ".join(practised), ", ".join(concept.checks)


def place(lab: Lab, concept: Concept) -> str:
    """Return where the handout explains a concept: "line 32: Traversal"."""
    path = handout(lab.id)
    line = explained_in(path.read_text("utf-8"), concept) if path.exists() else 0
    return f"line {line}: {concept.section}" if line else "nowhere yet"
