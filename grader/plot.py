"""A table of measurements as a plot: SVG, both axes logarithmic, legible on light and on dark ground.

    descriptors,active,select_us,poll_us,epoll_us
    10,10,0.0642,0.0539,0.0853
    3000,10,,7.2960,0.0660

The first column is the x axis; each column whose name ends in a unit (_ns, _us, _ms, _s) is a line, and an
empty field a gap in it.
"""

from __future__ import annotations

import csv
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Iterable, Iterator

UNITS = {"ns": "nanoseconds", "us": "microseconds", "ms": "milliseconds", "s": "seconds"}
MOST_LINES = 4  # as many as the template has colours and marks for
WIDTH, HEIGHT = 720, 440
LEFT, RIGHT, TOP, BOTTOM = 72, 108, 64, 60  # margins: numbers, names of lines, title, label
TEMPLATES = Path(__file__).parent / "templates"

_COLUMN = re.compile(rf"(?P<name>\w+)_(?P<unit>{'|'.join(UNITS)})")


class BadTable(ValueError):
    """A table that cannot be drawn; the text begins with `file:line:`."""


@dataclass(frozen=True)
class Line:
    """One line of a plot: its name and its points, in the order of the table."""

    name: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Table:
    """What is drawn."""

    x: str  # the name of the x axis
    unit: str  # of the y axis, in words
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Axis:
    """A logarithmic axis from `low` to `high`, both powers of ten, drawn from pixel `start` to `end`."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Return the pixel of a value."""
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return round(self.start + share * (self.end - self.start), 1)

    def decades(self) -> list[tuple[float, str]]:
        """Return pixel and text of each power of ten."""
        count = round(math.log10(self.high / self.low))
        values = [self.low * 10**n for n in range(count + 1)]
        return [
            (self.at(value), f"{value:,g}" if value < 1e6 else f"{value:.0e}") for value in values
        ]

    def between(self) -> list[float]:
        """Return the pixels of 2, 3 … 9 times each power of ten."""
        count = round(math.log10(self.high / self.low))
        return [self.at(self.low * 10**n * m) for n in range(count) for m in range(2, 10)]


def read_table(path: Path) -> Table:
    """Read a CSV file. Raises BadTable, OSError."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadTable(f"{path}:1: not a table: {error}") from None
    head = rows[0] if rows else []
    columns = {
        place: found for place, name in enumerate(head) if (found := _COLUMN.fullmatch(name))
    }
    units = {found["unit"] for found in columns.values()}
    if len(units) != 1 or len(columns) > MOST_LINES or 0 in columns:
        what = (
            f"the first line must name x and one to {MOST_LINES} columns of one unit: x,select_us"
        )
        raise BadTable(f"{path}:1: {what}")
    lines = [
        Line(found["name"], tuple(_points(path, rows, place))) for place, found in columns.items()
    ]
    if not any(line.points for line in lines):
        raise BadTable(f"{path}:2: no measurement")
    return Table(head[0], UNITS[units.pop()], tuple(line for line in lines if line.points))


def _points(path: Path, rows: list[list[str]], place: int) -> Iterator[tuple[float, float]]:
    for number, row in enumerate(rows[1:], 2):
        if len(row) != len(rows[0]):
            raise BadTable(f"{path}:{number}: {len(row)} fields, not {len(rows[0])}")
        if row[place].strip():
            yield _value(path, number, row[0]), _value(path, number, row[place])


def _value(path: Path, number: int, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 1e-12 < value < 1e15:  # nan is refused as well
        raise BadTable(f"{path}:{number}: {text!r} is not a number above 0")
    return value


def draw(table: Table, title: str, label: str = "") -> str:
    """Return the plot as SVG; label: of the y axis, by default its unit."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    xs, ys = zip(*(point for line in table.lines for point in line.points))
    x = Axis(*_decades(xs), LEFT, WIDTH - RIGHT)
    y = Axis(*_decades(ys), HEIGHT - BOTTOM, TOP)
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
    )
    lines = [(line.name, [(x.at(a), y.at(b)) for a, b in line.points]) for line in table.lines]
    ends = [points[-1] for _, points in lines]
    return environment.get_template("plot.svg.j2").render(
        title=title,
        x=x,
        y=y,
        x_label=table.x,
        y_label=label or table.unit,
        lines=lines,
        names=[*zip((end[0] for end in ends), _apart([end[1] for end in ends]))],
        width=WIDTH,
        height=HEIGHT,
    )


def _decades(values: Iterable[float]) -> tuple[float, float]:
    """Return the powers of ten around the values, at least one decade apart."""
    known = list(values)
    low = math.floor(math.log10(min(known)) + 1e-9)
    high = max(math.ceil(math.log10(max(known)) - 1e-9), low + 1)
    return 10.0**low, 10.0**high


def _apart(heights: list[float], gap: float = 16.0) -> list[float]:
    """Return the heights at which names are written: near those given, and not over each other."""
    found = list(heights)
    order = sorted(range(len(found)), key=lambda place: found[place])
    for above, below in zip(order, order[1:]):
        found[below] = max(found[below], found[above] + gap)
    return found
