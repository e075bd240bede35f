"""Drills of the kind "predict, then measure": a TOML file of numbers, held against this machine."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import Any, Callable, Iterable

from grader.outcome import Failed
from grader.result import Evidence
from grader.run import Run

UNANSWERED = -1


@dataclass(frozen=True)
class Predictions:
    """The student's numbers in `file`; a name with dots leads into tables: `unread.lt`."""

    run: Run
    file: str

    def number(self, name: str) -> int:
        """Return the number that is predicted under a name. Raises Failed."""
        return int(self.answer(name, int))

    def answer(self, name: str, kind: type = int) -> Any:
        """Return what is predicted under a name: a whole number, or a text. Raises Failed."""
        value: Any = self._data()
        for key in name.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        if value is None:
            raise self._malformed(f"no `{name} = {'NUMBER' if kind is int else 'TEXT'}`")
        if not isinstance(value, kind) or isinstance(value, bool):
            what = "whole number" if kind is int else "text"
            raise self._malformed(f"{name} = {value!r} is not a {what}")
        return value

    def compare(
        self,
        names: Iterable[str],
        measure: Callable[[str], tuple[int, list[Evidence]]],
        expected: str,
    ) -> None:
        """Raise Failed unless every prediction is what `measure` finds; its share is that of the right ones.

        measure: returns the number for a name, and what shows how to find it; expected: what the numbers are.
        """
        wrong: list[str] = []
        evidence: list[Evidence] = []
        tries = 0
        for name in names:
            tries += 1
            predicted = self.number(name)
            measured, shown = measure(name)
            if predicted == measured:
                continue
            evidence += shown if not wrong else []
            unanswered = predicted == UNANSWERED
            text = "no answer yet" if unanswered else f"{predicted} is not what was measured"
            wrong.append(f"{name}: {text}")
        if wrong:
            observed = f"{self.run.job.display}/{self.file}: " + "\n".join(wrong)
            share = 1 - len(wrong) / tries
            raise Failed(observed, expected=expected, evidence=evidence, share=share)

    def _data(self) -> dict[str, Any]:
        try:
            return tomllib.loads((self.run.source / self.file).read_text("utf-8"))
        except UnicodeDecodeError as error:
            raise self._malformed(f"not UTF-8 (byte {error.start})") from error
        except tomllib.TOMLDecodeError as error:
            raise self._malformed(f"not TOML: {error}") from error

    def _malformed(self, what: str) -> Failed:
        observed = f"{self.run.job.display}/{self.file}: {what}"
        return Failed(observed, expected="NAME = ANSWER for each question")
