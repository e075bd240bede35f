"""A question to the trace of a drill, and an answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Iterator

from grader.marks import Witness
from grader.strace.call import Call


@dataclass(frozen=True)
class Answer:
    """What is wrong, what would be right, and the calls that show it: the last one is to blame."""

    observed: str
    expected: str
    calls: tuple[Call, ...]


@dataclass(frozen=True)
class Question:
    """What a trace must show, and how it is looked at."""

    calls: frozenset[str]
    ask: Callable[[Witness], Iterator[Answer]]
