"""A row of the table: what is compared with what, in which unit, against which target."""

from __future__ import annotations

import importlib
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Iterator

from bench.rounds import Measure, Result, Target, alternate, judge

if TYPE_CHECKING:
    from bench.place import Place

HERE = Path(__file__).parent


class Missing(Exception):
    """This machine lacks something that a row needs; the message names it."""


@dataclass(frozen=True)
class Contest:
    """Two things to measure in turn; without `theirs` ours is measured alone."""

    ours: Measure
    theirs: Measure | None = None


@dataclass(frozen=True)
class Row:
    """One comparison. `contest` prepares it, and tidies up when its context ends; it may raise Missing."""

    lab: str
    name: str
    peer: str  # who the other side is; "" for nobody
    unit: str
    target: Target | None
    contest: Callable[[Place], AbstractContextManager[Contest]]
    once: bool = False  # it takes long: one round, and none to warm up

    def measure(self, place: Place, rounds: int) -> Result:
        """Play so many rounds and judge them. Raises Missing."""
        rounds, warm = (1, False) if self.once else (rounds, True)
        with self.contest(place) as contest:
            pairs = alternate(contest.ours, contest.theirs, rounds, warm)
        return judge(pairs, self.target, contest.theirs is not None)


def rows(lab: str) -> Iterator[Row]:
    """Yield the rows of a lab: its grading, then what its own package says (`ROWS`), if there is one."""
    yield from importlib.import_module("bench.grading").rows(lab)
    if (HERE / lab / "__init__.py").exists():
        yield from importlib.import_module(f"bench.{lab}").ROWS
