"""Two-sided proof of a lab's checks: right programs that must get full marks, wrong ones that must not.

A mutant is a patch of the reference, headed by the flaw it plants, the checks that must fail (exactly
those) and a regular expression that the first one's message must match. Flaws that corrupt memory, or
fight for the machine's limits, may fail others too, as luck will have it: those stand under May.

    Flaw: the tail of a short write is dropped
    Fails: partial.write, echo.half_close
    May: fault.sweep
    Says: bytes \\d+…\\d+ (are )?missing
"""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

from grader import paths
from grader.judge import LACKING
from grader.manifest import Lab
from grader.result import CheckResult, Grade, Verdict
from grader.score import held

REFERENCE, SKELETON, MUTANT, ALTERNATIVE = "reference", "skeleton", "mutant", "alternative"
SKELETON_SHARE = 0.2  # of all points: an untouched skeleton earns no more


@dataclass(frozen=True)
class Subject:
    """One program whose grade is known beforehand."""

    kind: str
    name: str
    files: Path  # a folder of the student's files, or a patch
    fails: tuple[str, ...] = ()
    may: tuple[str, ...] = ()
    says: str = ""
    part: str = ""  # "" for the whole lab

    def __str__(self) -> str:
        return f"{self.kind} {self.name}" if self.name else self.kind


class BadSubject(ValueError):
    """A patch without its header, or one that does not apply."""


def subjects(lab: Lab) -> Iterator[Subject]:
    """Yield everything that a lab is proved with, the reference first."""
    checks = paths.CHECKS / lab.id
    yield Subject(REFERENCE, "", paths.SOLUTIONS / lab.id)
    yield Subject(SKELETON, "", lab.folder)
    for folder in sorted((checks / "alternatives").glob("*/")):
        yield Subject(ALTERNATIVE, folder.name, folder, part=part_of(lab, folder.name))
    for patch in sorted((checks / "mutants").rglob("*.patch")):
        yield _mutant(lab, patch)


def part_of(lab: Lab, name: str) -> str:
    """Alternatives and mutants of a drill begin with its id: `net-poll`; others are the project's."""
    first = name.partition("-")[0]
    drills = {part.id for part in lab.parts if part.kind == "drill"}
    project = next(part.id for part in lab.parts if part.kind == "project")
    return first if first in drills else project


def _mutant(lab: Lab, patch: Path) -> Subject:
    fields = dict(re.findall(r"(?m)^(Flaw|Fails|May|Says): *(.+)$", patch.read_text("utf-8")))
    if {"Flaw", "Fails"} - set(fields):
        raise BadSubject(f"{patch}: needs the lines Flaw: and Fails: before the diff")
    fails, may = _ids(fields["Fails"]), _ids(fields.get("May", ""))
    unknown = {*fails, *may} - {check.id for check in lab.checks}
    if unknown:
        raise BadSubject(f"{patch}: the lab has no check {', '.join(sorted(unknown))}")
    parts = {lab.check(check).part for check in fails}
    if len(parts) != 1:
        raise BadSubject(f"{patch}: Fails: names checks of several parts")
    name = str(patch.relative_to(paths.CHECKS / lab.id / "mutants").with_suffix(""))
    return Subject(MUTANT, name, patch, fails, may, fields.get("Says", ""), parts.pop())


def _ids(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def lay_out(lab: Lab, subject: Subject, target: Path) -> Path:
    """Make the subject's submission in `target` (a folder that exists) and return it."""
    if subject.kind in (REFERENCE, SKELETON):
        return subject.files
    reference = paths.SOLUTIONS / lab.id
    replaced = lab.part(subject.part) if subject.kind == ALTERNATIVE else None
    for path in reference.iterdir():
        extra = replaced and path.name not in replaced.files and _matches(path, replaced.extra)
        if path.is_file() and not extra:
            shutil.copyfile(path, target / path.name)
    if subject.kind == ALTERNATIVE:
        for path in subject.files.iterdir():
            shutil.copyfile(path, target / path.name)
        return target
    _apply(subject.files, target)
    return target


def _matches(path: Path, globs: tuple[str, ...]) -> bool:
    return any(path.match(glob) for glob in globs)


def _apply(patch: Path, folder: Path) -> None:
    argv = ["patch", "-p1", "--no-backup-if-mismatch", "--fuzz=0", "-s", "-i", str(patch.resolve())]
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BadSubject(f"{patch.name} does not apply: {done.stdout.strip()}{done.stderr.strip()}")


def complaints(subject: Subject, grade: Grade) -> list[str]:
    """Return in what a grade differs from what the subject must get; empty if in nothing.

    What is held because this machine lacks a right that the manifest names is no complaint.
    """
    lacking = {each.id for each in grade.checks if held(each) and each.reason.startswith(LACKING)}
    doubtful = [each for each in grade.checks if held(each) and each.id not in lacking]
    found = [f"{each.id}: {each.reason}" for each in doubtful]
    if subject.kind == SKELETON:
        if grade.score > SKELETON_SHARE * grade.max_score:
            found.append(f"the skeleton earns {grade.score:g} of {grade.max_score:g}")
        return found
    failed = [each for each in grade.checks if each.verdict is not Verdict.PASS and not held(each)]
    expected = {*subject.fails, *subject.may}
    found += [_unexpected(each) for each in failed if each.id not in expected]
    missed = set(subject.fails) - {each.id for each in failed} - lacking
    found += [f"{check}: must fail, but did not" for check in sorted(missed)]
    return found + _unsaid(subject, failed)


def _unexpected(result: CheckResult) -> str:
    shown = "\n    ".join([result.observed, *(item.text for item in result.evidence)])
    return f"{result.id}: must pass, but: {result.verdict.value}: {result.reason}\n    {shown}"


def _unsaid(subject: Subject, failed: list[CheckResult]) -> list[str]:
    first = [result for result in failed if subject.fails and result.id == subject.fails[0]]
    if not subject.says or not first:
        return []
    said = "\n".join([first[0].observed, first[0].expected, *(e.text for e in first[0].evidence)])
    if re.search(subject.says, said):
        return []
    return [f"{first[0].id}: does not say /{subject.says}/ but:\n    {said}"]
