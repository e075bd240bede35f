"""labs/<lab>/go/mapping.toml: what Go makes of the calls of a lab, each row shown by a trace.

A row says what the C program does, what Go does, and why; its claims (grader/claim.py) are what a trace
must show for the row to be true, and `make test` looks whether it does on this machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from grader.claim import BadClaim, Claim, Selection, parse_claim, parse_selection
from grader.toml_lines import Table, read_toml

FILE = "mapping.toml"
ANSWERS = "answers.toml"
NUMBER, CALL, YES = "number", "call", "yes"
KINDS = (NUMBER, CALL, YES)


@dataclass(frozen=True)
class Row:
    """One row of the table."""

    c: str
    go: str
    why: str
    claims: tuple[Claim, ...]


@dataclass(frozen=True)
class Question:
    """A question of the mapping drill; `measure` says which calls hold the answer."""

    id: str
    title: str
    answer: str  # NUMBER, CALL or YES
    measure: Selection
    unit: str  # of a number: per what
    points: float
    why: str
    hints: tuple[str, str, str]


@dataclass(frozen=True)
class Mapping:
    """A lab's table and its questions."""

    lab: str
    rows: tuple[Row, ...]
    questions: tuple[Question, ...]


def has_mapping(labs: Path, lab: str) -> bool:
    """Return whether a lab has a table."""
    return (labs / lab / "go" / FILE).exists()


def read_mapping(labs: Path, lab: str) -> Mapping:
    """Return the table of a lab. Raises ManifestError with file and line for a mistake in it."""
    name = f"labs/{lab}/go/{FILE}"
    toml = read_toml(labs / lab / "go" / FILE, name)
    top = Table(toml, (), toml.data)
    top.only(("row", "question"))
    rows = tuple(_row(table) for table in top.tables("row"))
    return Mapping(lab, rows, tuple(_question(table) for table in top.tables("question")))


def _row(table: Table) -> Row:
    table.only(("c", "go", "why", "claims"))
    try:
        claims = tuple(map(parse_claim, table.texts("claims")))
    except BadClaim as error:
        raise table.error("claims", str(error)) from None
    if not claims:
        raise table.error("claims", "a row without a claim shows nothing")
    return Row(table.text("c"), table.text("go"), table.text("why"), claims)


def _question(table: Table) -> Question:
    table.only(("id", "title", "answer", "measure", "unit", "points", "why", "hints"))
    answer, hints = table.text("answer"), table.texts("hints")
    if answer not in KINDS:
        raise table.error("answer", f"answer must be one of: {', '.join(KINDS)}")
    if len(hints) != 3:
        raise table.error("hints", f"hints must be three, not {len(hints)}")
    try:
        measure = parse_selection(table.text("measure"))
    except BadClaim as error:
        raise table.error("measure", str(error)) from None
    return Question(
        id=table.text("id"),
        title=table.text("title"),
        answer=answer,
        measure=measure,
        unit=table.text("unit", ""),
        points=table.positive("points"),
        why=table.text("why"),
        hints=(hints[0], hints[1], hints[2]),
    )
