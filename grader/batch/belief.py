"""Whether a result is one: a container that was taken over could say anything."""

from __future__ import annotations

from grader import paths
from grader.batch.task import Task
from grader.manifest import Lab, load_lab
from grader.report.json_file import ResultError, parse
from grader.result import Grade


class Fault(RuntimeError):
    """The machine, the engine or the grader is at fault: no mark, and never a zero."""


def believed(raw: bytes, task: Task) -> Grade:
    """Return the grade if it is one of this task, to the letter. Raises Fault."""
    try:
        grade = parse(raw)
    except ResultError as error:
        raise Fault(f"the result is {error}") from error
    lab = load_lab(paths.ROOT, task.lab)
    wrong = [
        name
        for name, told, right in (
            ("lab", (grade.lab, grade.lab_version), (lab.id, lab.version)),
            ("submission", grade.submission, task.label),
            ("status", grade.status, "graded"),
            ("seed", grade.seed, task.seed),
            ("checks", _shape(grade), _expected(lab, task)),
        )
        if told != right
    ]
    if wrong:
        raise Fault(f"the result is not one of this submission: {', '.join(wrong)}")
    if grade.isolation == "none":
        raise Fault("no isolation on this machine: such a mark cannot be trusted")
    return grade


def _shape(grade: Grade) -> list[tuple[str, str, str, float]]:
    return sorted((each.id, each.part, each.title, each.max_points) for each in grade.checks)


def _expected(lab: Lab, task: Task) -> list[tuple[str, str, str, float]]:
    return sorted(
        (check.id, check.part, check.title, check.points)
        for check in lab.checks
        if check.id in task.checks
    )
