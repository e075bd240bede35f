"""What a check is made of: its mark on a function, and the ways in which it can say no."""

from __future__ import annotations

from typing import Any, Callable, Iterable, TypeVar

from grader.result import Evidence

Function = TypeVar("Function", bound=Callable[..., Any])

WRONG = "wrong behaviour"
TIME_LIMIT = "time limit"
MEMORY_LIMIT = "memory limit"
OUTPUT_LIMIT = "output limit"
PROCESS_LIMIT = "process limit"
NO_COMPILE = "does not compile"


class Failed(Exception):
    """The program is wrong.

    observed and expected are sentences for the student; evidence shows the calls that prove it;
    share (0 to 1) is the part of the points that the program has earned nevertheless; hint replaces the
    first hint of the check, where another question comes before it.
    """

    def __init__(
        self,
        observed: str,
        *,
        expected: str = "",
        evidence: Iterable[Evidence] = (),
        reason: str = WRONG,
        share: float = 0.0,
        hint: str = "",
    ):
        super().__init__(observed)
        self.observed = observed
        self.expected = expected
        self.evidence = tuple(evidence)
        self.reason = reason
        self.share = share
        self.hint = hint


class Inconclusive(Exception):
    """The machine or the grader does not allow a verdict; the message names the reason.

    share (0 to 1) is the part of the points that is earned all the same; the rest is held apart.
    """

    def __init__(self, reason: str, share: float = 0.0):
        super().__init__(reason)
        self.share = share


class Tampered(Failed):
    """The submission has meddled with its own judgement."""


def check(check_id: str) -> Callable[[Function], Function]:
    """Mark a function as the check with this id of lab.toml.

    The first paragraph of its docstring is the sentence that students read: what is tried.
    """

    def mark(function: Function) -> Function:
        setattr(function, "check_id", check_id)
        return function

    return mark


def tried(function: Callable[..., Any]) -> str:
    """Return the first paragraph of a check's docstring in one line."""
    text = (function.__doc__ or "").strip().split("\n\n")[0]
    return " ".join(text.split())
