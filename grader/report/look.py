"""How reports look on one stream: width, glyphs, colours, and text that does no harm.

Everything that a student's program had a hand in goes through `clean` or `one_line`. Pieces of
style are rich.text.Text and never markup, so that "[red]" in an output stays what it is.
"""

from __future__ import annotations

import codecs
import shutil
from typing import TYPE_CHECKING, TextIO

from grader.result import Verdict, visible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

WIDEST, NARROWEST, USUAL = 100, 40, 80  # columns

_GLYPHS = {
    Verdict.PASS: ("✓", "+", "green"),
    Verdict.FAIL: ("✗", "x", "red"),
    Verdict.SKIPPED: ("–", "-", "bright_black"),
    Verdict.INCONCLUSIVE: ("?", "?", "yellow"),
    Verdict.TAMPERED: ("!", "!", "bold magenta"),
}
_PLAIN = str.maketrans(
    {"…": "...", "–": "-", "—": "-", "·": "-", "→": "->", "×": "x", "≤": "<=", "≥": ">="}
    | {"“": '"', "”": '"', "‘": "'", "’": "'", "─": "-", "✓": "+", "✗": "x"}
)


class Look:
    """Prints styled lines on a stream, none wider than `width` columns."""

    def __init__(self, console: Console, encoding: str):
        self.console = console
        self.width = console.width
        self.unicode = codecs.lookup(encoding).name.startswith("utf")
        self._encoding = encoding

    @property
    def lively(self) -> bool:
        """Whether lines may be drawn over: a real terminal, and one that can move its cursor."""
        return self.console.file.isatty() and not self.console.is_dumb_terminal

    def glyph(self, verdict: Verdict) -> tuple[str, str]:
        """Return the sign of a verdict and its style."""
        sign, plain, style = _GLYPHS[verdict]
        return (sign if self.unicode else plain), style

    def clean(self, raw: str) -> str:
        """Return text with control characters escaped, tabs expanded, in the stream's encoding."""
        text = visible(raw).expandtabs()
        if self.unicode:
            return text
        plain = text.translate(_PLAIN).encode(self._encoding, "backslashreplace")
        return plain.decode(self._encoding)

    def one_line(self, raw: str, width: int = WIDEST) -> str:
        """Return clean text in one line of at most width columns."""
        from rich.cells import cell_len, set_cell_size

        text = self.clean(" ".join(raw[:300].split()))
        if cell_len(text) <= width:
            return text
        dots = self.clean("…")
        return set_cell_size(text, max(width - len(dots), 0)).rstrip() + dots

    def text(self, *pieces: tuple[str, str]) -> Text:
        """Return one line of (text, style) pieces."""
        from rich.text import Text

        clean = ((self.clean(text).replace("\n", " "), style) for text, style in pieces)
        return Text.assemble(*clean)

    def line(self, *pieces: tuple[str, str]) -> None:
        """Print one line of (text, style) pieces, cropped to the width."""
        self.put(self.text(*pieces))

    def put(self, line: Text) -> None:
        """Print one line, cropped to the width."""
        line.truncate(self.width, overflow="crop")
        line.rstrip()
        self.console.print(line, no_wrap=True, overflow="crop")

    def rule(self, title: str = "") -> None:
        """Print a line across, with a title in it."""
        dash = "─" if self.unicode else "-"
        head = f"{dash}{dash} {self.clean(title)} " if title else ""
        self.put(self.text((head, "bold"), (dash * (self.width - len(head)), "bright_black")))

    def entry(self, head: Text, body: str, style: str = "", limit: int = 12) -> None:
        """Print head and, right of it, the wrapped body: at most limit lines, cut in the middle."""
        indent = head.cell_len
        lines = self._wrap(body, style, self.width - indent)
        kept = limit - limit // 3, limit // 3
        if len(lines) > limit:
            cut = self.text((f"[… {len(lines) - sum(kept)} lines cut …]", "bright_black"))
            lines = [*lines[: kept[0]], cut, *lines[-kept[1] :]]
        for number, line in enumerate(lines):
            self.put((head if number == 0 else self.text((" " * indent, ""))) + line)

    def _wrap(self, body: str, style: str, width: int) -> list[Text]:
        """Return body in lines of at most width columns; words that are longer are folded."""
        from rich.text import Text

        text = Text(self.clean(body).strip("\n"), style=style)
        return list(text.wrap(self.console, max(width, 10), overflow="fold"))


def look_at(stream: TextIO, width: int | None = None) -> Look:
    """Return the look for a stream: colours and the terminal's width if it is a terminal.

    width: columns, instead of those of the terminal. NO_COLOR and COLUMNS are obeyed.
    """
    from rich.console import Console

    size = shutil.get_terminal_size((USUAL, 24))
    console = Console(
        file=stream,
        width=max(NARROWEST, min(width or size.columns, WIDEST)),
        height=size.lines,
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=False,
    )
    return Look(console, getattr(stream, "encoding", None) or "utf-8")


def number(points: float) -> str:
    """Return points as people write them: 5, 4.5, 3.33."""
    return f"{points:.2f}".rstrip("0").rstrip(".")


def duration(seconds: float) -> str:
    """Return seconds in at most 7 columns; "" for what took none."""
    if not seconds:
        return ""
    return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.1f} s"
