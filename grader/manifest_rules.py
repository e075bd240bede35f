"""What must hold between the tables of a lab.toml: ids, points, needs, file names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from grader.near import unknown
from grader.toml_lines import ManifestError, Toml

if TYPE_CHECKING:
    from grader.manifest import Lab, Part

KINDS = ("project", "drill")
IDS = "ids"
RIGHTS = ("", IDS)  # what a machine may lack: see grader/id_range.py
VARIANTS = ("plain", "asan", "tsan")  # builds: as given, with ASan and UBSan, with TSan

_PART_ID = re.compile(r"[a-z][a-z0-9_]*")
_CHECK_ID = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")
_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_PATTERN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.*?-]*")


def verify(lab: Lab, toml: Toml) -> None:
    """Raise ManifestError for the first rule that the lab breaks."""
    if lab.id != lab.folder.name:
        raise toml.error(("id",), f"id {lab.id!r} is not the folder's name {lab.folder.name!r}")
    _ids("part", [part.id for part in lab.parts], _PART_ID, toml)
    _ids("check", [check.id for check in lab.checks], _CHECK_ID, toml)
    for number, part in enumerate(lab.parts):
        _part(part, ("part", number), toml)
    _variants(lab, toml)
    _points(lab, toml)
    _needs(lab, toml)
    _concepts(lab, toml)


def verify_cover(
    known: Sequence[str], ids: Sequence[str], where: Sequence[str], toml: Toml
) -> None:
    """Raise ManifestError unless every known id is claimed once; where[i] claims ids[i]."""
    claims: dict[str, list[str]] = {}
    for id, place in zip(ids, where, strict=True):
        claims.setdefault(id, []).append(place)
    wrong = [f"{claims[id][0]}: {unknown('check', id, known)}" for id in claims if id not in known]
    for id, places in claims.items():
        wrong += [f"{place}: {id} is checked at {places[0]} too" for place in places[1:]]
    for number, id in enumerate(known):
        if id not in claims:
            line = toml.line(("check", number, "id"))
            wrong.append(f"{toml.name}:{line}: {id} has no check function")
    if wrong:
        raise ManifestError("\n".join(wrong))


def _ids(kind: str, ids: list[str], form: re.Pattern[str], toml: Toml) -> None:
    for number, id in enumerate(ids):
        place = (kind, number, "id")
        if not form.fullmatch(id):
            raise toml.error(place, f"{kind} id {id!r} is not of the form {form.pattern}")
        if id in ids[:number]:
            first = toml.line((kind, ids.index(id), "id"))
            raise toml.error(place, f"doubled {kind} id {id!r}, first used in line {first}")


def _part(part: Part, place: tuple[str, int], toml: Toml) -> None:
    if part.kind not in KINDS:
        raise toml.error((*place, "kind"), f"kind must be one of: {', '.join(KINDS)}")
    if not part.files:
        raise toml.error((*place, "files"), "files must name at least one file of the student")
    for key, names, form in (("files", part.files, _FILE), ("extra", part.extra, _PATTERN)):
        for name in names:
            if ".." in name or not form.fullmatch(name):
                what = "must be a plain file name without / and .."
                raise toml.error((*place, key), f"{key}: {name!r} {what}")


def _variants(lab: Lab, toml: Toml) -> None:
    for number, check in enumerate(lab.checks):
        wrong = [variant for variant in check.variants if variant not in VARIANTS]
        if wrong or not check.variants:
            what = unknown("variant", wrong[0], VARIANTS) if wrong else "variants must not be empty"
            raise toml.error(("check", number, "variants"), what)
        if check.right not in RIGHTS:
            what = unknown("right", check.right, RIGHTS[1:])
            raise toml.error(("check", number, "right"), what)


def _points(lab: Lab, toml: Toml) -> None:
    for number, part in enumerate(lab.parts):
        total = sum(check.points for check in lab.checks_of(part))
        if _differ(total, part.points):
            what = f"part {part.id} has {part.points:g} points, but its checks sum to {total:g}"
            raise toml.error(("part", number, "points"), what)
    if _differ(lab.points, 100):
        raise toml.error(("part", 0, "points"), f"the parts sum to {lab.points:g} points, not 100")


def _differ(a: float, b: float) -> bool:
    return abs(a - b) > 1e-6


def _needs(lab: Lab, toml: Toml) -> None:
    needs = {check.id: check.needs for check in lab.checks}
    for number, check in enumerate(lab.checks):
        place = ("check", number, "needs")
        for id in check.needs:
            if id not in needs:
                raise toml.error(place, unknown("check", id, needs))
        if cycle := _cycle(check.id, needs):
            raise toml.error(place, f"checks need each other: {' → '.join(cycle)}")


def _concepts(lab: Lab, toml: Toml) -> None:
    """Every concept is proved by checks that exist, and every part practises one."""
    known = {check.id: check.part for check in lab.checks}
    practised = set()
    for number, concept in enumerate(lab.concepts):
        for id in concept.checks:
            if id not in known:
                raise toml.error(("concept", number, "checks"), unknown("check", id, known))
            practised.add(known[id])
    for number, part in enumerate(lab.parts):
        if part.id not in practised:
            what = f"no concept names a check of part {part.id}"
            raise toml.error(("part", number, "id"), what)


def _cycle(start: str, needs: dict[str, tuple[str, ...]]) -> list[str]:
    """Return the ids of a path along needs from start back to start; [] if there is none."""
    paths, seen = [[start]], set()
    while paths:
        path = paths.pop()
        for id in needs.get(path[-1], ()):
            if id == start:
                return [*path, start]
            if id not in seen:
                seen.add(id)
                paths.append([*path, id])
    return []
