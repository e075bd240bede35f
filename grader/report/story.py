"""The story of a check that did not pass, as a student needs it to mend the program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grader.report.lines import USUAL_REASON, marks
from grader.report.look import Look, number
from grader.result import CheckResult, Evidence, Grade, Verdict
from grader.score import earned

INDENT, LABEL = 4, 10  # columns
EXHIBIT_LINES = 18


@dataclass(frozen=True)
class Story:
    """A check to be told of, and those that failed for the very same reason."""

    first: CheckResult
    others: tuple[CheckResult, ...] = ()


def stories(checks: Sequence[CheckResult]) -> list[Story]:
    """Return the failed, tampered and inconclusive checks, in their order.

    What has one cause is told once: a program that does not compile fails everything alike.
    """
    found: list[Story] = []
    told = (Verdict.FAIL, Verdict.TAMPERED, Verdict.INCONCLUSIVE)
    for check in (check for check in checks if check.verdict in told):
        for place, story in enumerate(found):
            if _same_cause(story.first, check):
                found[place] = Story(story.first, (*story.others, check))
                break
        else:
            found.append(Story(check))
    return found


def tell(look: Look, story: Story, grade: Grade) -> None:
    """Print one story."""
    look.line()
    if story.others:
        _tell_shared(look, story)
    else:
        _tell_single(look, story.first, grade)


def replay_command(check: CheckResult, grade: Grade) -> str:
    """Return the command that runs exactly this check again."""
    return check.replay or f"make replay LAB={grade.lab} CHECK={check.id} SEED={grade.seed}"


def _same_cause(first: CheckResult, check: CheckResult) -> bool:
    """Equal evidence does not arise by chance; a build log is attached to the first check only."""
    alike = (first.verdict, first.reason, first.observed)
    if alike != (check.verdict, check.reason, check.observed):
        return False
    if first.verdict is Verdict.INCONCLUSIVE:
        return first.evidence == check.evidence
    compiler = any(item.kind == "compiler" for item in first.evidence)
    return check.evidence == first.evidence != () or (compiler and not check.evidence)


def _tell_single(look: Look, check: CheckResult, grade: Grade) -> None:
    sign, style = look.glyph(check.verdict)
    head = look.text(
        (f"{sign} ", style), (look.one_line(check.id, 24), "bold"), (f"  {marks(check)}  ", style)
    )
    look.entry(head, check.tried or check.title, "bold")
    if check.reason != USUAL_REASON:
        _field(look, "reason", check.reason, style)
    _findings(look, check)
    if check.verdict is Verdict.FAIL:
        _field(look, "why", check.why)
        _field(look, "next", check.hint)
    if check.verdict is Verdict.TAMPERED:
        _field(look, "next", "No points, and a human will look at this.")
    _field(look, "replay", replay_command(check, grade), "cyan")


def _tell_shared(look: Look, story: Story) -> None:
    checks = (story.first, *story.others)
    lost = sum(check.max_points - earned(check) for check in checks)
    sign, style = look.glyph(story.first.verdict)
    head = look.text((f"{sign} ", style), (f"{len(checks)} checks  ", "bold"))
    look.entry(head, f"{story.first.reason} ({number(lost)} points)", "bold")
    _findings(look, story.first)
    _field(look, "checks", ", ".join(check.id for check in checks), limit=6)


def _findings(look: Look, check: CheckResult) -> None:
    _field(look, "expected", check.expected)
    _field(look, "observed", check.observed, "bold")
    for item in check.evidence:
        _exhibit(look, item)


def _exhibit(look: Look, item: Evidence) -> None:
    kind = look.one_line(item.kind, LABEL - 2)
    if item.file:
        place = look.one_line(item.file, look.width - INDENT - LABEL - 12)
        _field(look, kind, f"{place}:{item.line}" if item.line else place, "bold yellow")
        kind = ""
    _field(look, kind, item.text, limit=EXHIBIT_LINES)


def _field(look: Look, label: str, text: str, style: str = "", limit: int = 10) -> None:
    if text.strip():
        head = look.text((f"{'':{INDENT}}{label:<{LABEL}}", "bright_black"))
        look.entry(head, text, style, limit)
