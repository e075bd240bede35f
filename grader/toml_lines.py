"""A TOML file that is read strictly: every mistake in it is named by file and line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.near import suggest

Place = tuple[str | int, ...]  # ("check", 3, "points"): that key of the fourth [[check]]

_HEADER = re.compile(r"\s*(\[\[?)\s*([\w.-]+)\s*\]")
_KEY = re.compile(r"\s*([\w.-]+)\s*=")


class ManifestError(ValueError):
    """A manifest that cannot be used; the text begins with `file:line:`."""


@dataclass(frozen=True)
class Toml:
    """A parsed file and where its tables and keys stand."""

    name: str  # the file, as messages call it
    data: dict[str, Any]
    lines: dict[Place, int]  # 1 is the first line

    def line(self, place: Place) -> int:
        """Return the line of a table or key; of what surrounds it if it is not there."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)

    def error(self, place: Place, what: str) -> ManifestError:
        """Return, to be raised, the error that what is wrong at place."""
        return ManifestError(f"{self.name}:{self.line(place)}: {what}")


@dataclass(frozen=True)
class Table:
    """One table of a file, read key by key; each reader raises ManifestError."""

    toml: Toml
    place: Place
    values: dict[str, Any]

    def error(self, key: str, what: str) -> ManifestError:
        """Return, to be raised, the error that what is wrong with a key ("" for the table)."""
        return self.toml.error((*self.place, key), what)

    def only(self, known: Iterable[str]) -> None:
        """Refuse keys that are not known."""
        names = list(known)
        for key in self.values:
            if key not in names:
                raise self.error(key, f"unknown key {key!r}; {suggest(key, names)}".rstrip("; "))

    def text(self, key: str, default: str | None = None) -> str:
        """Return a text, stripped; one that is given must not be blank."""
        value = self._get(key, default)
        if not isinstance(value, str) or (key in self.values and not value.strip()):
            raise self.error(key, f"{key} must be a text that is not blank")
        return value.strip()

    def texts(self, key: str, default: list[str] | None = None) -> tuple[str, ...]:
        """Return a list of texts, none of them blank."""
        value = self._get(key, default)
        if not isinstance(value, list) or not all(isinstance(v, str) and v.strip() for v in value):
            raise self.error(key, f"{key} must be a list of texts, none of them blank")
        return tuple(item.strip() for item in value)

    def flag(self, key: str, default: bool) -> bool:
        """Return true or false."""
        value = self._get(key, default)
        if not isinstance(value, bool):
            raise self.error(key, f"{key} must be true or false")
        return value

    def whole(self, key: str, default: int | None = None) -> int:
        """Return a whole number that is not negative."""
        value = self._get(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self.error(key, f"{key} must be a whole number, 0 or more")
        return value

    def positive(self, key: str, default: float | None = None) -> float:
        """Return a number above 0 that is finite."""
        value = self._get(key, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self.error(key, f"{key} must be a number")
        if not 0 < value < float("inf"):
            raise self.error(key, f"{key} must be above 0")
        return float(value)

    def table(self, key: str) -> Table:
        """Return the table below a key; an empty one if it is not there."""
        value = self._get(key, {})
        if not isinstance(value, dict):
            raise self.error(key, f"{key} must be a table")
        return Table(self.toml, (*self.place, key), value)

    def tables(self, key: str) -> list[Table]:
        """Return the tables that `[[key]]` begins; there must be one at least."""
        value = self._get(key, None)
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.error(key, f"write every {key} as a table [[{key}]]")
        return [Table(self.toml, (*self.place, key, n), item) for n, item in enumerate(value)]

    def _get(self, key: str, default: Any) -> Any:
        if key not in self.values and default is None:
            raise self.error(key, f"missing key {key!r}")
        return self.values.get(key, default)


def read_toml(path: Path, name: str) -> Toml:
    """Return the file at path, called name in messages. Raises ManifestError."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ManifestError(f"{name}:1: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ManifestError(f"{name}:{line}: not UTF-8") from error
    try:
        return Toml(name, tomllib.loads(text), _places(text))
    except tomllib.TOMLDecodeError as error:
        raise ManifestError(f"{name}:{_line_of(str(error), text)}: {error}") from error


def _line_of(message: str, text: str) -> int:
    found = re.search(r"at line (\d+)", message)
    return int(found[1]) if found else max(1, text.count("\n"))


def _places(text: str) -> dict[Place, int]:
    """Return the line of every table and key. Lines inside multi-line strings are passed over."""
    places: dict[Place, int] = {}
    table: Place = ()
    opened: dict[str, int] = {}  # how many `[[name]]` there were so far
    quoted = False
    for number, line in enumerate(text.split("\n"), 1):
        if not quoted:
            if header := _HEADER.match(line):
                table = _table_place(header[2].split("."), header[1] == "[[", opened)
                places.setdefault(table, number)
            elif key := _KEY.match(line):
                places.setdefault((*table, *key[1].split(".")), number)
        quoted ^= bool((line.count('"""') + line.count("'''")) % 2)
    return places


def _table_place(names: list[str], doubled: bool, opened: dict[str, int]) -> Place:
    """Return the place of a header: `[[name]]` opens the next one, `[name.sub]` is in the last."""
    first = names[0]
    if doubled:
        opened[first] = opened.get(first, 0) + 1
    return (first, opened[first] - 1, *names[1:]) if first in opened else tuple(names)
