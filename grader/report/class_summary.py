"""A class at a glance: how the marks are spread, what went wrong most, who needs a human's eye."""

from __future__ import annotations

from collections import Counter

from grader.report.look import Look, number
from grader.result import Grade, Verdict

BANDS = 10
WIDTH = 30  # columns of the longest bar
COMMONEST, LISTED = 5, 20


def show(look: Look, grades: list[Grade]) -> None:
    """Print the summary of all results that there are."""
    graded = [grade for grade in grades if grade.status == "graded"]
    counts = Counter(grade.status for grade in grades)
    look.line()
    look.rule("the class")
    parts = [f"{count} {status}" for status, count in sorted(counts.items())]
    look.line((f"  {len(grades)} submissions: {', '.join(parts) or 'none'}", "bold"))
    if graded:
        _distribution(look, graded)
        _commonest(look, graded)
    tampered = [(grade, _tampered(grade)) for grade in graded]
    _listed(look, "tampered: to be looked at by a human", [each for each in tampered if each[1]])
    held = [(grade, f"{number(grade.held)} points") for grade in graded if grade.held]
    _listed(look, "points that could not be judged", held)
    for status in ("rejected", "ungraded"):
        found = [(grade, " ".join(grade.notes)) for grade in grades if grade.status == status]
        _listed(look, status, found)


def _distribution(look: Look, graded: list[Grade]) -> None:
    shares = sorted(grade.score / grade.max_score if grade.max_score else 0 for grade in graded)
    bands = Counter(min(int(share * BANDS + 1e-9), BANDS - 1) for share in shares)
    middle = (shares[(len(shares) - 1) // 2] + shares[len(shares) // 2]) / 2
    look.line((f"  median {middle:.0%}, mean {sum(shares) / len(shares):.0%}", ""))
    block = "█" if look.unicode else "#"
    longest = max(bands.values())
    for band in range(BANDS):
        count = bands[band]
        bar = block * -(-count * WIDTH // longest)
        low, high = band * 100 // BANDS, (band + 1) * 100 // BANDS
        look.line((f"  {low:>3}–{high:>3} %  ", "bright_black"), (bar, "cyan"), (f" {count}", ""))


def _commonest(look: Look, graded: list[Grade]) -> None:
    failed = Counter(
        (check.id, check.title)
        for grade in graded
        for check in grade.checks
        if check.verdict in (Verdict.FAIL, Verdict.TAMPERED)
    )
    if not failed:
        return
    look.line()
    look.line(("  failed most often", "bold"))
    for (name, title), count in failed.most_common(COMMONEST):
        look.line((f"  {count:>5}  {name:<22} {title}", ""))


def _listed(look: Look, title: str, found: list[tuple[Grade, str]]) -> None:
    if not found:
        return
    look.line()
    look.line((f"  {title} ({len(found)})", "bold"))
    for grade, why in found[:LISTED]:
        said = look.one_line(f"{grade.submission}: {why}", look.width - 4)
        look.line(("    ", ""), (said, ""))
    if len(found) > LISTED:
        look.line((f"    … and {len(found) - LISTED} more, see grades.csv", "bright_black"))


def _tampered(grade: Grade) -> str:
    return " ".join(c.id for c in grade.checks if c.verdict is Verdict.TAMPERED)


def show_changes(look: Look, changes: list[tuple[Grade | None, Grade]]) -> None:
    """Print whose mark would change, and how."""
    look.line()
    look.rule("a dry run: nothing was handed on")
    changed = [(old, new) for old, new in changes if _mark(old) != _mark(new)]
    for old, new in changed:
        name = look.one_line(new.submission, 40)
        look.line((f"  {name:<40} {_mark(old):>16} → {_mark(new)}", ""))
    look.line((f"  {len(changed)} of {len(changes)} marks would change", "bold"))


def _mark(grade: Grade | None) -> str:
    if grade is None:
        return "no mark"
    if grade.status != "graded":
        return grade.status
    held = f" ({number(grade.held)} held)" if grade.held else ""
    return f"{number(grade.score)}/{number(grade.max_score)}{held}"
