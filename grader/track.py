"""Tracks: other ways through a lab, graded apart; they never change its 100 points.

go       the student's own Go program, by the checks of the project that look from outside: those that
         the manifest marks `mechanism = true` are about how it is done in C, and are left out
mapping  what Go makes of the lab's calls: the questions of labs/<lab>/go/mapping.toml, five points
"""

from __future__ import annotations

from dataclasses import replace
from typing import Callable

from grader import paths
from grader.limits import Limits
from grader.manifest import Check, Lab, Part
from grader.mapping import ANSWERS, Question, has_mapping, read_mapping
from grader.mapping_questions import asking
from grader.toml_lines import ManifestError

GO, MAPPING = "go", "mapping"
TRACKS = ("", GO, MAPPING)
SOURCES = ("*.go",)


def on_track(lab: Lab, track: str) -> Lab:
    """Return what a track sees of a lab; "" is the lab itself. Raises ManifestError."""
    if track == GO:
        return _go(lab)
    return _mapping(lab) if track == MAPPING else lab


def left_out(lab: Lab, track: str) -> list[str]:
    """Return the checks of the project that a track leaves out."""
    if track != GO:
        return []
    return [check.id for check in lab.checks_of(_project(lab)) if check.mechanism]


def functions(
    lab: Lab, track: str, found: dict[str, Callable[..., None]]
) -> dict[str, Callable[..., None]]:
    """Return the check functions of a track by id; found: those of the lab."""
    if track != MAPPING:
        return found
    questions = read_mapping(paths.LABS, lab.id).questions
    return {_id(question): asking(question) for question in questions}


def _project(lab: Lab) -> Part:
    return next(part for part in lab.parts if part.kind == "project")


def _go(lab: Lab) -> Lab:
    project = _project(lab)
    part = replace(project, title=f"{project.title}, in Go", files=(), extra=SOURCES)
    kept = [check for check in lab.checks_of(project) if not check.mechanism]
    points = sum(check.points for check in kept)
    part = replace(part, points=points)
    return replace(lab, parts=(part,), checks=tuple(kept), folder=lab.folder / "go")


def _mapping(lab: Lab) -> Lab:
    if not has_mapping(paths.LABS, lab.id):
        raise ManifestError(f"labs/{lab.id}/go: lab {lab.id} has no track {MAPPING}")
    mapping = read_mapping(paths.LABS, lab.id)
    project = _project(lab)
    part = Part(
        id=MAPPING,
        title="What Go makes of it",
        kind="drill",
        points=sum(question.points for question in mapping.questions),
        files=(ANSWERS,),
        extra=project.files,
        program=project.program,
        limits=project.limits,
    )
    checks = tuple(_check(question, project.limits) for question in mapping.questions)
    return replace(lab, parts=(part,), checks=checks, folder=lab.folder / "go")


def _check(question: Question, limits: Limits) -> Check:
    return Check(
        id=_id(question),
        part=MAPPING,
        title=question.title,
        points=question.points,
        needs=(),
        alone=False,
        why=question.why,
        hints=question.hints,
        limits=replace(limits, time=max(limits.time, 20.0)),
        variants=("plain",),
    )


def _id(question: Question) -> str:
    return f"{MAPPING}.{question.id}"
