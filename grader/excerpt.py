"""A text that is too long to be shown: its first and its last lines, none of them wide."""

from __future__ import annotations

LINES = 24  # that are shown
WIDTH = 200  # columns of a line


def excerpt(text: str, lines: int = LINES, width: int = WIDTH) -> str:
    """Return at most so many lines of a text, with `…` for what is left out."""
    whole = [cut(line, width) for line in text.rstrip().splitlines()]
    if len(whole) <= lines:
        return "\n".join(whole)
    left_out = f"… {len(whole) - lines} more lines …"
    return "\n".join([*whole[: lines // 2], left_out, *whole[-(lines - lines // 2) :]])


def cut(text: str, width: int) -> str:
    """Return text of at most `width` columns; the end, which holds the result of a call, stays readable."""
    if len(text) <= width:
        return text
    tail = width // 2 - 2
    return f"{text[: width - tail - 3]} … {text[-tail:]}"
