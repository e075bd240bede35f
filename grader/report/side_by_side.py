"""A comparison on the terminal: calls side by side, the flags that differ, the rows and what shows them."""

from __future__ import annotations

from grader.comparison import Comparison, Explained, Shown, Side
from grader.report.look import Look, number
from grader.result import Verdict

NAME, COLUMN = 20, 9  # columns
SETS_OF_SIGNALS = {"rt_sigprocmask", "rt_sigaction", "rt_sigreturn"}  # their words say little
DIM, BOLD = "bright_black", "bold"


def show(found: Comparison, look: Look) -> None:
    """Print a comparison."""
    unit = next(iter(found.c.units))
    look.line((f"{found.work}", BOLD))
    units = ", ".join(f"{count} × {name}" for name, count in found.c.units.items())
    look.line((f"units of work: {units}", DIM))
    look.line()
    _head(found, unit, look)
    _calls(found, unit, look)
    _sums(found, unit, look)
    _flags(found, look)
    look.line()
    look.rule("What Go makes of it, and the calls that show it")
    for row in found.rows:
        _row(row, look)


def _head(found: Comparison, unit: str, look: Look) -> None:
    left, right = (look.one_line(side.name, 2 * COLUMN) for side in (found.c, found.go))
    look.line((f"{'':{NAME}}{left:>{2 * COLUMN}}{right:>{4 * COLUMN}}", BOLD))
    per = f"/{unit}"[:COLUMN]
    columns = ("calls", per, "program", "runtime", "calls", per)
    look.line((f"{'':{NAME}}" + "".join(f"{each:>{COLUMN}}" for each in columns), DIM))


def _calls(found: Comparison, unit: str, look: Look) -> None:
    names = {*found.c.program, *found.go.program, *found.go.runtime}
    for name in sorted(names, key=lambda name: (-_all(found.c, name), -_all(found.go, name), name)):
        _line(look, name, found.c.units[unit], _all(found.c, name), *_split(found.go, name))


def _line(look: Look, name: str, units: int, c: int, program: int, runtime: int) -> None:
    go = program + runtime
    cells = (
        _count(c),
        _per(c, units),
        _count(program),
        _count(runtime),
        _count(go),
        _per(go, units),
    )
    look.line(
        (f"{look.one_line(name, NAME - 1):{NAME}}", ""),
        *((f"{each:>{COLUMN}}", "") for each in cells),
    )


def _sums(found: Comparison, unit: str, look: Look) -> None:
    c = sum(found.c.program.values())
    program, runtime = sum(found.go.program.values()), sum(found.go.runtime.values())
    _line(look, "all from main on", found.c.units[unit], c, program, runtime)
    start = f"{'before main':{NAME}}{found.c.start:>{COLUMN}}{found.go.start:>{4 * COLUMN}}"
    look.line((start, ""))
    threads = f"{'threads':{NAME}}{found.c.threads:>{COLUMN}}{found.go.threads:>{4 * COLUMN}}"
    look.line((threads, ""))


def _flags(found: Comparison, look: Look) -> None:
    """Words in capitals that only one side shows, for calls that both make."""
    common = sorted((set(found.c.words) & set(found.go.words)) - SETS_OF_SIGNALS)
    differ = [name for name in common if found.c.words[name] != found.go.words[name]]
    if differ:
        look.line()
        look.rule("Flags, constants and errors that only one of them has")
    for name in differ:
        left, right = set(found.c.words[name]), set(found.go.words[name])
        told = [f"C {' '.join(sorted(left - right))}", f"Go {' '.join(sorted(right - left))}"]
        text = " · ".join(each for each in told if " " in each.strip())
        look.entry(look.text((f"{look.one_line(name, NAME - 1):{NAME}}", "")), text, limit=4)
        for row in explaining(found, left ^ right):
            look.entry(look.text((" " * NAME, "")), f"→ {row.why}", DIM)


def explaining(found: Comparison, words: set[str]) -> list[Explained]:
    """Return the row that tells of a word, or none: the first one, once for each call."""
    for row in found.rows:
        for claim in row.claims:
            if words & set(claim.text.replace("!", "").split()):
                return [row]
    return []


def _row(row: Explained, look: Look) -> None:
    look.entry(look.text(("C   ", BOLD)), row.c)
    look.entry(look.text(("Go  ", BOLD)), row.go)
    look.entry(look.text(("    ", "")), row.why, DIM)
    for claim in row.claims:
        sign, style = look.glyph(_verdict(claim))
        look.entry(
            look.text((f"  {sign} ", style)), f"{claim.text}   (found: {claim.found})", style
        )
    look.line()


def _verdict(claim: Shown) -> Verdict:
    """Return what a row shows: a C program may well be right and do it differently."""
    if claim.holds:
        return Verdict.PASS
    return Verdict.SKIPPED if claim.about_c else Verdict.FAIL


def _all(side: Side, name: str) -> int:
    return sum(_split(side, name))


def _split(side: Side, name: str) -> tuple[int, int]:
    return side.program.get(name, 0), side.runtime.get(name, 0)


def _count(calls: int) -> str:
    return str(calls) if calls else "·"


def _per(calls: int, units: int) -> str:
    return number(calls / units) if calls else "·"
