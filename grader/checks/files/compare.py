"""What a walk printed beside what find printed: the same lines, in any order, or what is wrong."""

from __future__ import annotations

import os
import re
from collections import Counter
from dataclasses import dataclass
from typing import Iterable, Sequence

from grader.checks.files.testimony import witnessed
from grader.checks.files.walker import WIDE_PIPE, Forest, Walk, ended, enough, exhibits
from grader.excerpt import cut
from grader.limits import Limits
from grader.outcome import Failed

LINE = re.compile(rb"(?P<inode>\d+) (?P<mode>\S{10}) (?P<size>\d+) (?P<path>.+)", re.DOTALL)
FIELDS = ("inode", "mode", "size")
SHOWN = 3  # lines of each sort that are shown
COLUMNS = 120  # of a line that is shown


@dataclass(frozen=True)
class Difference:
    """Why two walks are not the same; `path` is one entry that shows it (b"": none)."""

    text: str
    path: bytes = b""


def compare(
    forest: Forest,
    *args: str,
    roots: Sequence[str] = ("tree",),
    limits: Limits | None = None,
    big: bool = False,
    capacity: int = WIDE_PIPE,
) -> Walk:
    """Walk `roots` with the options `args` and expect what find sees. Raises Failed.

    The exit status must be 0, or 1 where find met an error too. big: see testimony.witnessed; capacity:
    bytes that the pipe holds, through which the output comes.
    """
    truth = forest.find(*roots)

    def attempt(wrap: Sequence[str] = ()) -> Walk:
        most = enough(truth)
        walk = forest.walk(*args, *roots, limits=limits, most=most, wrap=wrap, capacity=capacity)
        ended(walk)
        found = difference(truth.records, walk.records)
        if found:
            raise Mismatch(walk, found)
        expect_status(walk, 1 if truth.ending and truth.ending.code else 0)
        return walk

    return witnessed(forest, attempt, big)


def expect_status(walk: Walk, wanted: int) -> None:
    """Raise Failed unless the walk ended with this exit status, and has said why if it is not 0."""
    code = walk.ending.code if walk.ending else None
    if code != wanted:
        expected = {
            0: "exit status 0: every entry could be read",
            1: "exit status 1 at the end, since something could not be read",
            2: "exit status 2 and a message: wrong use",
        }[wanted]
        observed = f"{walk.command}: exit status {code}"
        raise Failed(observed, expected=expected, evidence=exhibits(walk))
    if wanted and not walk.said.strip():
        observed = f"{walk.command}: exit status {code}, and not a word on stderr"
        raise Failed(observed, expected="a message on stderr that says what went wrong")


class Mismatch(Failed):
    """The lines of a walk are not those of find."""

    def __init__(self, walk: Walk, found: Difference):
        observed = f"{walk.command}: {found.text}"
        super().__init__(observed, expected="the lines that find prints", evidence=exhibits(walk))
        self.path = found.path


def difference(truth: Iterable[bytes], records: Sequence[bytes]) -> Difference | None:
    """Return in what the records differ from those of find, or None."""
    wanted, got = Counter(truth), Counter(records)
    missing, surplus = list((wanted - got).elements()), list((got - wanted).elements())
    if not missing and not surplus:
        return None
    garbled = [record for record in surplus if not LINE.fullmatch(record)]
    if garbled:
        text = f"{len(garbled)} of {len(records)} lines are garbled:\n{_some(garbled)}"
        return Difference(text, _path(missing[0]) if missing else b"")
    expected = {_path(record): record for record in missing}
    changed = [record for record in surplus if _path(record) in expected]
    if changed:
        return _changed(changed, expected)
    if surplus:
        twice = [record for record in surplus if record in wanted]
        what = "come more than once" if twice else "are of no entry that find sees"
        chosen = twice or surplus
        text = f"{len(chosen)} lines {what}:\n{_some(chosen)}"
        return Difference(text, _path(chosen[0]))
    text = f"{len(missing)} of {sum(wanted.values())} lines are missing:\n{_some(missing)}"
    return Difference(text, _path(missing[0]))


def _changed(changed: list[bytes], expected: dict[bytes, bytes]) -> Difference:
    first = _fields(changed[0])
    wanted = _fields(expected[first["path"]])
    fields = [name for name in FIELDS if first[name] != wanted[name]]
    told = ", ".join(
        f"{name} {text(first[name])} where find says {text(wanted[name])}" for name in fields
    )
    count = "1 line has" if len(changed) == 1 else f"{len(changed)} lines have"
    shown = f"{count} a wrong field: {told}\n{_some(changed)}"
    return Difference(shown, first["path"])


def _fields(record: bytes) -> dict[str, bytes]:
    found = LINE.fullmatch(record)
    return found.groupdict() if found else dict.fromkeys((*FIELDS, "path"), b"")


def _path(record: bytes) -> bytes:
    return _fields(record)["path"]


def _some(records: Sequence[bytes]) -> str:
    lines = [cut(text(record), COLUMNS) for record in records[:SHOWN]]
    more = [f"… and {len(records) - SHOWN} more"] if len(records) > SHOWN else []
    return "\n".join([*lines, *more])


def text(raw: bytes) -> str:
    """Return bytes as text in one line: what is no character, or breaks lines, is escaped."""
    return raw.decode("utf-8", "backslashreplace").replace("\n", "\\n")


def below(path: bytes, folders: Iterable[bytes]) -> bool:
    """Return whether `path` is one of the folders or lies in one of them."""
    return any(path == each or path.startswith(os.path.join(each, b"")) for each in folders)
