"""Scenarios that mostly wait, side by side."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Callable, Iterable

from grader.outcome import Failed

AT_ONCE = 6


def together(scenarios: Iterable[Callable[[], None]]) -> None:
    """Run scenarios at the same time, each with a talk of its own. Raises what the first that failed raised."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        runs = [pool.submit(scenario) for scenario in scenarios]
    for each in runs:
        each.result()


def failures(scenarios: dict[str, Callable[[], None]], most: int) -> dict[str, Failed]:
    """Run scenarios at the same time and return how they failed, by name; after `most` no more are begun."""
    found: dict[str, Failed] = {}

    def attempt(name: str) -> None:
        if len(found) < most:
            try:
                scenarios[name]()
            except Failed as failure:
                found[name] = failure

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for each in [pool.submit(attempt, name) for name in scenarios]:
            each.result()
    return {name: found[name] for name in scenarios if name in found}
