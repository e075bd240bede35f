"""The short parts of the terminal report: the head, and one line per check."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from grader.report.look import Look, duration, number
from grader.result import CheckResult, Verdict
from grader.score import earned

if TYPE_CHECKING:
    from rich.text import Text

ID_COLUMNS = 20  # an id that is longer is cropped
USUAL_REASON = "wrong behaviour"


def headline(look: Look, lab: str, title: str = "", **facts: str) -> None:
    """Print what is graded: the lab, and such facts as submission, seed and isolation."""
    look.line(("syslabs ", "bold"), (look.one_line(lab, 30), "bold cyan"), (f"  {title}", "bold"))
    told = [f"{name} {text}" for name, text in facts.items() if text]
    if told:
        look.entry(look.text(("", "")), " · ".join(told), "bright_black")


def id_width(ids: Iterable[str]) -> int:
    """Return the columns that the ids of some checks need."""
    return min(max((len(id) for id in ids), default=0), ID_COLUMNS)


def marks(result: CheckResult) -> str:
    """Return what a check earned: "5" for all, "2/5" for a share, "?/5" for what is held."""
    if result.verdict is Verdict.PASS:
        return number(earned(result))
    points = "?" if result.verdict is Verdict.INCONCLUSIVE else number(earned(result))
    return f"{points}/{number(result.max_points)}"


def check_line(look: Look, result: CheckResult, width: int) -> Text:
    """Return the line of a check: sign, id in width columns, points, seconds, what it is about."""
    sign, style = look.glyph(result.verdict)
    id = look.one_line(result.id, width)
    head = f" {id:<{width}}  {marks(result):>5}  {duration(result.seconds):>7}  "
    room = look.width - len(head) - 3
    plain = result.verdict in (Verdict.PASS, Verdict.SKIPPED)
    return look.text(
        (f"  {sign}", style),
        (head, "bright_black" if result.verdict is Verdict.SKIPPED else ""),
        (look.one_line(_remark(result), room), "bright_black" if plain else style),
    )


def _remark(result: CheckResult) -> str:
    if result.verdict in (Verdict.SKIPPED, Verdict.INCONCLUSIVE, Verdict.TAMPERED):
        return f"{result.verdict.value}: {result.reason}".rstrip(": ")
    if result.verdict is Verdict.FAIL and result.reason not in ("", USUAL_REASON):
        return f"{result.reason}: {result.title}"
    return result.title
