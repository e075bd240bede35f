"""Calls as exhibits: the few lines of a trace that prove a verdict, and the line to blame."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, Collection, Iterable

from grader.excerpt import cut
from grader.result import Evidence
from grader.strace.call import Call, plain
from grader.strace.stack import Place, blame_all

WIDTH = 100  # columns of one line
LINES = 8


def show(
    calls: Iterable[Call],
    place: Place | None = None,
    *,
    lines: int = LINES,
    note: str = "",
    tidy: Callable[[str], str] = str,
) -> Evidence:
    """Return the calls as one exhibit, in the order of the trace.

    At most `lines` of them, the middle ones counted instead of shown; each at most WIDTH columns, once
    `tidy` has dealt with it, its middle cut; the pid in front only if there are several. place: the
    source line to blame.
    """
    chosen = sorted({call.index: call for call in calls}.values(), key=lambda call: call.index)
    several = len({call.pid for call in chosen}) > 1
    whole = (f"{call.pid:<7d} {plain(call)}" if several else plain(call) for call in chosen)
    texts = [cut(tidy(text), WIDTH) for text in whole]
    if len(texts) > lines:
        head, tail = texts[: lines - lines // 2], texts[len(texts) - lines // 2 :]
        texts = [*head, f"… {len(texts) - lines} more …", *tail]
    text = "\n".join([*texts, note] if note else texts)
    file, line = (place.file, place.line) if place else ("", 0)
    return Evidence("trace", text, file, line)


def show_blamed(
    calls: Iterable[Call],
    binary: Path,
    sources: Collection[str],
    *,
    lines: int = LINES,
    tidy: Callable[[str], str] = str,
) -> Evidence:
    """Return the calls as one exhibit, see `show`; the last one whose stack leads to the sources is blamed."""
    chosen = list(calls)
    places = blame_all(chosen, binary, sources)
    blamed = [places[call.index] for call in reversed(chosen) if call.index in places]
    return show(chosen, blamed[0] if blamed else None, lines=lines, tidy=tidy)
