"""JUnit XML, which most CI systems read: one suite per part, one case per check."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from grader.report.json_file import write_text
from grader.result import CheckResult, Evidence, Grade, Verdict, visible
from grader.score import earned, subtotals

# What XML 1.0 allows (Char in its section 2.2), without tabs and newlines in their raw form.
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ELEMENT = {
    Verdict.FAIL: "failure",
    Verdict.TAMPERED: "failure",
    Verdict.SKIPPED: "skipped",
    Verdict.INCONCLUSIVE: "error",  # the machine or the grader is at fault, not the program
}
_UNJUDGED = (Verdict.SKIPPED, Verdict.INCONCLUSIVE)  # what was observed says nothing there


def write(grade: Grade, path: Path) -> None:
    """Write the grade to path as JUnit XML. Raises OSError."""
    write_text(render(grade), path)


def render(grade: Grade) -> str:
    """Return the grade as an XML document."""
    root = Element("testsuites", _counts(grade.checks), name=legal(f"syslabs {grade.lab}"))
    for part in subtotals(grade.checks):
        checks = [check for check in grade.checks if check.part == part.part]
        name = legal(f"{grade.lab}.{part.part}")
        suite = SubElement(
            root, "testsuite", _counts(checks), name=name, timestamp=legal(grade.started)
        )
        _properties(suite, grade, score=part.score, max_score=part.max_score, held=part.held)
        for check in checks:
            _case(suite, check, name)
    ElementTree.indent(root)
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return head + ElementTree.tostring(root, encoding="unicode") + "\n"


def legal(text: str) -> str:
    """Return text with control characters made visible and nothing that XML 1.0 forbids."""
    return _ILLEGAL.sub("\ufffd", visible(text))


def _counts(checks: Iterable[CheckResult]) -> dict[str, str]:
    chosen = list(checks)
    elements = [_ELEMENT.get(check.verdict) for check in chosen]
    return {
        "tests": str(len(chosen)),
        "failures": str(elements.count("failure")),
        "errors": str(elements.count("error")),
        "skipped": str(elements.count("skipped")),
        "time": f"{sum(check.seconds for check in chosen):.3f}",
    }


def _properties(suite: Element, grade: Grade, **points: float) -> None:
    properties = SubElement(suite, "properties")
    told = {name: f"{value:g}" for name, value in points.items()}
    told |= {"seed": str(grade.seed), "isolation": grade.isolation, "submission": grade.submission}
    for name, value in told.items():
        SubElement(properties, "property", name=name, value=legal(value))


def _case(suite: Element, check: CheckResult, classname: str) -> None:
    seconds = f"{check.seconds:.3f}"
    case = SubElement(suite, "testcase", classname=classname, name=legal(check.id), time=seconds)
    if check.verdict is Verdict.PASS:
        return
    message = check.reason if check.verdict in _UNJUDGED else check.observed or check.reason
    kind = check.reason if check.verdict is Verdict.FAIL else check.verdict.value
    tag = _ELEMENT[check.verdict]
    element = SubElement(case, tag, message=legal(message), type=legal(kind))
    element.text = _story(check)


def _story(check: CheckResult) -> str:
    """Return what a student needs to know of a check that did not pass, as plain text."""
    told = [
        ("", f"{check.title}: {earned(check):g} of {check.max_points:g} points"),
        ("tried: ", check.tried),
        ("expected: ", check.expected),
        ("observed: ", check.observed),
        *((f"{item.kind}: ", _exhibit(item)) for item in check.evidence),
        ("why: ", check.why),
        ("next: ", check.hint),
        ("replay: ", check.replay),
    ]
    return "\n".join(legal(label + text) for label, text in told if text)


def _exhibit(item: Evidence) -> str:
    place = f"{item.file}:{item.line}\n" if item.file else ""
    return place + item.text
