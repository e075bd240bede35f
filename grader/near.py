"""What a mistyped name was probably meant to be."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def suggest(word: str, known: Iterable[str]) -> str:
    """Return "did you mean a or b?" for up to three names that resemble word, or ""."""
    close = get_close_matches(word, list(known), n=3, cutoff=0.6)
    return f"did you mean {' or '.join(close)}?" if close else ""


def unknown(kind: str, word: str, known: Iterable[str]) -> str:
    """Return one line that says that word is no such kind of thing, and which names are."""
    names = list(known)
    advice = suggest(word, names) or f"there are: {', '.join(names) or 'none yet'}"
    return f"no {kind} is called {word!r}; {advice}"
