"""Alternating rounds, and what they say about a target: pure functions of numbers.

Two programs take turns, so that whatever slows the machine down slows both. What counts is the median of
the ratios of each round; the absolute numbers are for people.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from statistics import median
from typing import Callable, Sequence

LEAST_ROUNDS = 9  # fewer decide nothing
MARGIN = 0.15  # a target that is missed by less counts as met: more cannot be told apart
STEADY = 0.20  # the most by which a peer may spread
Measure = Callable[[], float]


class Verdict(Enum):
    """What is said about one target."""

    MET = "met"
    NEAR = "met within 15 %"
    MISSED = "missed"
    INCONCLUSIVE = "inconclusive"
    NONE = ""  # there is no target: for scale only


@dataclass(frozen=True)
class Target:
    """A bound, and what it bounds: ours/theirs, theirs/ours (`speedup`), or ours alone (`absolute`)."""

    bound: float
    least: bool  # at least; else at most
    speedup: bool = False
    absolute: bool = False

    def score(self, ours: float, theirs: float) -> float:
        """Return the number that is bounded."""
        if self.absolute:
            return ours
        over, under = (theirs, ours) if self.speedup else (ours, theirs)
        return over / max(under, 1e-12)

    def verdict(self, score: float) -> Verdict:
        """Return how a score stands to the bound."""
        better = score / self.bound if self.least else self.bound / max(score, 1e-12)
        if better >= 1:
            return Verdict.MET
        return Verdict.NEAR if better >= 1 - MARGIN else Verdict.MISSED


def at_least(bound: float) -> Target:
    """Ours must be at least `bound` times theirs: of two rates."""
    return Target(bound, least=True)


def at_most(bound: float) -> Target:
    """Ours must be at most `bound` times theirs: of two costs."""
    return Target(bound, least=False)


def as_fast(bound: float) -> Target:
    """Ours must be at least `bound` times as fast as theirs: of two costs."""
    return Target(bound, least=True, speedup=True)


def below(bound: float) -> Target:
    """Ours must be at most `bound`, whatever theirs is."""
    return Target(bound, least=False, absolute=True)


@dataclass(frozen=True)
class Result:
    """Medians of both sides (`theirs` is None without a peer), and what they say.

    score: the median of what the target bounds; spread: of the peer, or of ours without one.
    """

    ours: float
    theirs: float | None
    score: float
    spread: float
    rounds: int
    verdict: Verdict


def alternate(
    ours: Measure, theirs: Measure | None, rounds: int, warm: bool = True
) -> list[tuple[float, float]]:
    """Measure both sides in turn; who begins alternates. `warm`: after one round that does not count."""
    pairs = []
    for number in range(rounds + warm):
        sides = [ours, theirs or (lambda: 0.0)]
        order = (0, 1) if number % 2 == 0 else (1, 0)
        taken = {side: sides[side]() for side in order}
        pairs.append((taken[0], taken[1]))
    return pairs[warm:]


def spread(numbers: Sequence[float]) -> float:
    """Return by how much numbers differ, as a share of their median; one outlier on each side is left out."""
    inner = sorted(numbers)[1:-1] if len(numbers) > 4 else sorted(numbers)
    middle = median(numbers)
    return (inner[-1] - inner[0]) / middle if middle > 0 else 0.0


def judge(pairs: Sequence[tuple[float, float]], target: Target | None, peer: bool) -> Result:
    """Say what alternating rounds mean for a target. `peer`: whether there is another side."""
    ours, theirs = zip(*pairs)
    score = median((target or at_most(1)).score(*pair) for pair in pairs)
    wide = spread(theirs if peer else ours)
    verdict = Verdict.NONE if target is None else target.verdict(score)
    if target is not None and not _decided(target, score, len(pairs), wide):
        verdict = Verdict.INCONCLUSIVE
    other = median(theirs) if peer else None
    return Result(median(ours), other, score, wide, len(pairs), verdict)


def _decided(target: Target, score: float, rounds: int, wide: float) -> bool:
    """Whether so many rounds, with such a spread, are enough to say anything.

    Where there is no ratio, one number that is clearly small enough is: a busy machine makes nothing faster.
    """
    clear = target.absolute and score <= target.bound * (1 - MARGIN)
    return clear or (rounds >= LEAST_ROUNDS and wide <= STEADY)
