"""lab.toml as dataclasses: the parts of a lab, its checks, their points, limits and hints.

A manifest with a mistake is never half used: reading it raises ManifestError, which names the line.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

from grader import manifest_rules as rules
from grader.concept import Concept, read_concept
from grader.limits import Limits as Limits
from grader.near import unknown
from grader.toml_lines import ManifestError as ManifestError
from grader.toml_lines import Table, read_toml

_LAB_KEYS = ("id", "title", "order", "version", "tlpi", "part", "check", "concept")
_SLUG = re.compile(r"[a-z][a-z0-9_-]*")


class UnknownLab(ManifestError):
    """There is no lab of that name; the text says which there are."""


@dataclass(frozen=True)
class Part:
    """A drill or the project of a lab."""

    id: str
    title: str
    kind: str  # "project" or "drill"
    points: float
    files: tuple[str, ...]  # the student's files, which must be there
    extra: tuple[str, ...]  # patterns of further files that the student may add
    program: str  # the program that is built; "" if there is none
    limits: Limits
    symbols: tuple[str, ...] = ()  # of a drill: the functions that it must define, and its data


@dataclass(frozen=True)
class Check:
    """One behaviour that is checked, and what students are told about it."""

    id: str
    part: str
    title: str
    points: float
    needs: tuple[str, ...]  # checks that must pass before this one is run
    alone: bool  # nothing else may run beside it
    why: str
    hints: tuple[str, str, str]  # a question, the man page, the shape
    limits: Limits
    variants: tuple[str, ...]  # the builds that it runs
    assertions: int = 0  # of a Criterion test: how many a pass executes
    trace: tuple[str, ...] = ()  # of a Criterion test: questions, see grader/drill_questions.py
    mechanism: bool = False  # how it is done in C: left out on track `go`, see grader/track.py
    long: bool = False  # begun before the others: nobody waits for it in the end
    right: str = ""  # without it, held: what not every machine gives, see grader/id_range.py


@dataclass(frozen=True)
class Lab:
    """One lab: what its manifest says."""

    id: str
    title: str
    order: int
    version: str
    tlpi: tuple[str, ...]
    parts: tuple[Part, ...]
    checks: tuple[Check, ...]
    concepts: tuple[Concept, ...]
    folder: Path

    @property
    def points(self) -> float:
        """The points of all parts."""
        return sum(part.points for part in self.parts)

    def part(self, id: str) -> Part:
        """Return the part of that id. Raises KeyError."""
        return {part.id: part for part in self.parts}[id]

    def check(self, id: str) -> Check:
        """Return the check of that id. Raises KeyError."""
        return {check.id: check for check in self.checks}[id]

    def checks_of(self, part: Part | str) -> tuple[Check, ...]:
        """Return the checks of a part, in the order of the manifest."""
        id = part if isinstance(part, str) else part.id
        return tuple(check for check in self.checks if check.part == id)


def slugs(root: Path) -> list[str]:
    """Return the names of the labs below root/labs, sorted: folders that hold a lab.toml."""
    return sorted(path.parent.name for path in (root / "labs").glob("*/lab.toml"))


def load_lab(root: Path, slug: str) -> Lab:
    """Return the lab root/labs/<slug>.

    Raises UnknownLab, and ManifestError("labs/<slug>/lab.toml:<line>: …") for a mistake in it.
    """
    if not _SLUG.fullmatch(slug) or not (root / "labs" / slug / "lab.toml").exists():
        raise UnknownLab(unknown("lab", slug, slugs(root)))
    folder = root / "labs" / slug
    toml = read_toml(folder / "lab.toml", f"labs/{slug}/lab.toml")
    top = Table(toml, (), toml.data)
    top.only(_LAB_KEYS)
    parts = tuple(_part(table) for table in top.tables("part"))
    limits = {part.id: part.limits for part in parts}
    lab = Lab(
        id=top.text("id"),
        title=top.text("title"),
        order=top.whole("order"),
        version=top.text("version"),
        tlpi=top.texts("tlpi"),
        parts=parts,
        checks=tuple(_check(table, limits) for table in top.tables("check")),
        concepts=tuple(read_concept(table) for table in top.tables("concept")),
        folder=folder,
    )
    rules.verify(lab, toml)
    return lab


def all_labs(root: Path) -> list[Lab]:
    """Return every lab below root/labs, by its order. Raises ManifestError."""
    labs = sorted((load_lab(root, slug) for slug in slugs(root)), key=lambda lab: lab.order)
    for before, lab in zip(labs, labs[1:]):
        if before.order == lab.order:
            toml = read_toml(lab.folder / "lab.toml", f"labs/{lab.id}/lab.toml")
            raise toml.error(("order",), f"order {lab.order} is that of lab {before.id!r} too")
    return labs


def covered(lab: Lab, ids: Sequence[str], where: Sequence[str]) -> None:
    """Raise ManifestError unless ids, which check functions claim, are those of the manifest.

    where[i] is the "file:line" of the function that claims ids[i]. All mistakes are told at once.
    """
    toml = read_toml(lab.folder / "lab.toml", f"labs/{lab.id}/lab.toml")
    rules.verify_cover([check.id for check in lab.checks], ids, where, toml)


def _part(table: Table) -> Part:
    table.only(field.name for field in fields(Part))
    return Part(
        id=table.text("id"),
        title=table.text("title"),
        kind=table.text("kind"),
        points=table.positive("points"),
        files=table.texts("files"),
        extra=table.texts("extra", []),
        program=table.text("program", ""),
        limits=_limits(table, Limits()),
        symbols=table.texts("symbols", []),
    )


def _check(table: Table, limits: dict[str, Limits]) -> Check:
    table.only(field.name for field in fields(Check))
    part = table.text("part")
    if part not in limits:
        raise table.error("part", unknown("part", part, limits))
    hints = table.texts("hints")
    if len(hints) != 3:
        raise table.error(
            "hints", f"hints must be three (question, man page, shape), not {len(hints)}"
        )
    return Check(
        id=table.text("id"),
        part=part,
        title=table.text("title"),
        points=table.positive("points"),
        needs=table.texts("needs", []),
        alone=table.flag("alone", False),
        why=table.text("why"),
        hints=(hints[0], hints[1], hints[2]),
        limits=_limits(table, limits[part]),
        variants=table.texts("variants", ["plain"]),
        assertions=table.whole("assertions", 0),
        trace=table.texts("trace", []),
        mechanism=table.flag("mechanism", False),
        long=table.flag("long", False),
        right=table.text("right", ""),
    )


def _limits(table: Table, base: Limits) -> Limits:
    """Return base, changed by what `[….limits]` of the table says."""
    given = table.table("limits")
    given.only(field.name for field in fields(Limits))
    time = given.positive("time", base.time)
    whole = {key: given.whole(key) for key in given.values if key != "time"}
    return replace(base, time=time, **whole)
