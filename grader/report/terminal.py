"""The report on the screen: every line of it follows from the Grade alone."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from grader.report.lines import check_line, headline, id_width
from grader.report.look import Look, look_at, number
from grader.report.story import stories, tell
from grader.result import Grade, Verdict
from grader.score import FULL, Subtotal, exit_status, held, subtotal, subtotals
from grader.toolchain import ABSENT

if TYPE_CHECKING:
    from rich.text import Text

FIGURES = 12  # columns of the label in the list of points


def show_whole(
    grade: Grade, *, title: str = "", look: Look | None = None, timings: bool = False
) -> None:
    """Print the whole report of a grade, of one read from a file for instance.

    title: of the lab; timings: with the table of phases; look: stdout's if none is given.
    """
    look = look or look_at(sys.stdout)
    seed = str(grade.seed) if grade.checks else ""
    facts = {"submission": grade.submission, "seed": seed, "isolation": grade.isolation}
    headline(look, grade.lab, title=title, **facts)
    look.line()
    width = id_width(check.id for check in grade.checks)
    for check in grade.checks:
        look.put(check_line(look, check, width))
    show(grade, look=look, timings=timings)


def show(
    grade: Grade, *, look: Look | None = None, timings: bool = False, json: Path | None = None
) -> None:
    """Print what comes after the lines of the checks, which Progress has printed already.

    json: where the result goes as JSON, if anywhere.
    """
    look = look or look_at(sys.stdout)
    _show_stories(look, grade)
    _show_points(look, grade)
    _show_notes(look, grade, str(json or ""))
    if timings:
        _show_timings(look, grade)
    _show_next_step(look, grade)


def _show_stories(look: Look, grade: Grade) -> None:
    found = stories(grade.checks)
    if not found:
        return
    judged = sum(check.verdict in (Verdict.FAIL, Verdict.TAMPERED) for check in grade.checks)
    look.line()
    look.rule(f"{judged} {'check' if judged == 1 else 'checks'} failed" if judged else "not judged")
    for story in found:
        tell(look, story, grade)


def _show_points(look: Look, grade: Grade) -> None:
    look.line()
    look.rule()
    if grade.status != "graded":
        look.line((f"{grade.status}: no check has been judged", "bold red"))
        return
    parts = subtotals(grade.checks)
    for part in parts if len(parts) > 1 else ():
        _show_subtotal(look, part.part, part, "")
    _show_subtotal(look, "score", subtotal(grade.checks), "bold")
    waiting = [check.id for check in grade.checks if check.verdict is Verdict.INCONCLUSIVE]
    if waiting:
        text = f"{number(grade.held)} points, neither earned nor lost: {', '.join(waiting)}"
        look.entry(_label(look, "held"), text, "yellow", limit=4)
    _show_run(look, grade)


def _show_run(look: Look, grade: Grade) -> None:
    facts = [f"seed {grade.seed}", f"isolation {grade.isolation}", f"{grade.duration:.1f} s"]
    look.entry(_label(look, "run"), " · ".join(facts), "bright_black")


def _show_subtotal(look: Look, name: str, sums: Subtotal, style: str) -> None:
    points = f"{number(sums.score)}/{number(sums.max_score)}"
    passed = f"{sums.passed} of {sums.checks} checks passed"
    colour = "green" if sums.score == sums.max_score else style
    look.put(_label(look, name) + look.text((f"{points:<12}", colour), (passed, "bright_black")))


def _label(look: Look, name: str) -> Text:
    return look.text((f"  {look.one_line(name, FIGURES - 2):<{FIGURES}}", "bright_black"))


def _show_timings(look: Look, grade: Grade) -> None:
    """Shares are of the wall clock; checks run side by side, so they may pass 100 %."""
    look.line()
    whole = max(grade.duration, 1e-9)
    phases = sorted(grade.timings.items(), key=lambda item: -item[1])
    for name, seconds in [*phases, ("all", grade.duration)]:
        figures = f"{seconds:8.2f} s  {seconds / whole:5.0%}"
        look.line((f"  {look.one_line(name, 20):<20}", "bright_black"), (figures, ""))


def _show_notes(look: Look, grade: Grade, saved: str) -> None:
    for note in grade.notes:
        look.entry(_label(look, "note"), note, "yellow", limit=6)
    if grade.isolation == "none":
        text = "a mark without isolation is advisory; see `make doctor`"
        look.entry(_label(look, "note"), text, "yellow")
    if saved:
        look.entry(_label(look, "result"), saved)


def _show_next_step(look: Look, grade: Grade) -> None:
    failed = [check for check in grade.checks if check.verdict is Verdict.FAIL]
    look.line()
    if grade.status == "graded" and exit_status(grade) == FULL:
        look.line(("Full marks. Well done.", "bold green"))
    elif failed:
        lab = look.one_line(grade.lab, 20)
        track = " ".join(re.findall(r"TRACK=\w+", failed[0].replay))
        hint = f"make hint LAB={lab} CHECK={failed[0].id} {track}".rstrip()
        look.line(("Stuck?         ", "bold"), (hint, "cyan"))
        text = "add UNDER=strace or UNDER=gdb to a replay"
        look.line(("A closer look  ", "bold"), (text, "bright_black"))
    elif grade.held:
        when = "it is installed" if _only_missing(grade) else "it is calmer"
        text = f"What is missing, this machine could not judge; grade again when {when}."
        look.entry(look.text(("", "")), text)


def _only_missing(grade: Grade) -> bool:
    """Whether nothing was held but for programs that are not installed."""
    return all(check.reason.startswith(ABSENT) for check in grade.checks if held(check))
