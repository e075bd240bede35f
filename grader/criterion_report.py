"""What Criterion says of a test, read from the JSON that its runner writes and from what it prints."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.outcome import TIME_LIMIT, WRONG, Failed

PASSED, CRASHED, SKIPPED, TIMEOUT = "PASSED", "CRASHED", "SKIPPED", "TIMEOUT"  # and FAILED, ERRORED
MOST = 1_000_000  # bytes of a report that are read
MACHINE_TEST = "machine"  # the test that calls no code under test, see unit.h

_TEST = re.compile(
    r"(?ms)^/\*(?P<comment>(?:(?!\*/).)*)\*/\s*^Test\((?P<suite>\w+), *(?P<name>\w+)"
)
_BODY = re.compile(r"(?ms)^Test\(\w+, *(?P<name>\w+).*?^\}")
_MACHINE = "machine: "  # how a test says what it cannot get, see unit.h
_MESSAGE = re.compile(r'(?m)^( {12}| +"messages": \[)"(.*)"(,?|\])$')


@dataclass(frozen=True)
class Report:
    """What Criterion says of one test, and what it printed."""

    status: str
    assertions: int
    messages: tuple[str, ...]
    printed: str = ""

    @property
    def lack(self) -> str:
        """What a test that skipped itself could not get."""
        return " ".join(self.messages).replace(_MACHINE, "")

    def failure(self) -> Failed:
        """Return the verdict on a test that did not pass, in the words of its author."""
        text = "\n".join(self.messages) or self.printed
        expected = re.search(r"(?m)^.*?expected: (.+)$", text)
        observed = re.search(r"(?ms)observed: (.+?)(?=^\[|\Z)", text)
        return Failed(
            observed[1].strip() if observed else text or f"the test {self.status.lower()}",
            expected=expected[1].strip() if expected else "the test passes",
            reason=TIME_LIMIT if self.status == TIMEOUT else WRONG,
        )


def sentences(unit_file: Path) -> dict[str, str]:
    """Return what each test of a unit_<drill>.c tries, by check id: the comment before it."""
    found = {}
    for match in _TEST.finditer(unit_file.read_text("utf-8")):
        words = re.sub(r"(?m)^\s*\*+\s?", " ", match["comment"])
        if match["name"] != MACHINE_TEST:
            found[f"{match['suite']}.{match['name']}"] = " ".join(words.split())
    return found


def bodies(unit_file: Path) -> dict[str, range]:
    """Return on which lines of a unit_<drill>.c each test is, by its name."""
    text = unit_file.read_text("utf-8")
    found = {}
    for match in _BODY.finditer(text):
        first = text.count("\n", 0, match.start()) + 1
        found[match["name"]] = range(first, first + match[0].count("\n") + 1)
    return found


def read(path: Path, suite: str, name: str, printed: str = "") -> Report | None:
    """Return the report of the one test that was run, or None where it is missing or not whole."""
    try:
        data = json.loads(_mended(path.read_bytes()[:MOST].decode("utf-8", "replace")))
        tests = [
            test
            for each in data["test_suites"]
            if each["name"] == suite
            for test in each["tests"]
            if test["name"] == name
        ]
        return _report(tests[0], printed) if len(tests) == 1 else None
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None


def _mended(text: str) -> str:
    """Escape the texts of messages, which Criterion 2.4 writes as they are; each has a line of its own."""
    return _MESSAGE.sub(lambda line: line[1] + json.dumps(line[2]) + line[3], text)


def _report(test: dict[str, Any], printed: str) -> Report:
    messages = tuple(str(message) for message in test.get("messages") or ())
    return Report(str(test["status"]), int(test.get("assertions", 0)), messages, printed)
