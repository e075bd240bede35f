"""Results as plain data: what a check found, what a grading found, and their JSON (schema 1)."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any

SCHEMA = 1
TEXT_LIMIT = 4096  # bytes of UTF-8 in any one text of a result


class Verdict(str, Enum):
    """What a check says. Only PASS and a FAIL with a share earn points."""

    PASS = "pass"
    FAIL = "fail"
    SKIPPED = "skipped"
    INCONCLUSIVE = "inconclusive"
    TAMPERED = "tampered"


@dataclass(frozen=True)
class Evidence:
    """One exhibit: a few trace lines, a ledger, compiler output …

    kind: "trace", "stack", "ledger", "compiler", "output", "matrix" or "note";
    file and line name the student's source line to blame, when one is known.
    """

    kind: str
    text: str
    file: str = ""
    line: int = 0


@dataclass(frozen=True)
class CheckResult:
    """The outcome of one check; `points` of `max_points` were earned."""

    id: str
    part: str
    title: str
    verdict: Verdict
    reason: str = ""  # wrong behaviour, does not compile, time limit …
    points: float = 0.0
    max_points: float = 0.0
    seconds: float = 0.0
    tried: str = ""
    expected: str = ""
    observed: str = ""
    why: str = ""
    hint: str = ""
    evidence: tuple[Evidence, ...] = ()
    replay: str = ""


@dataclass(frozen=True)
class Grade:
    """One graded submission. `held` are the points of inconclusive checks."""

    lab: str
    lab_version: str
    submission: str
    status: str  # graded, rejected or ungraded
    seed: int
    isolation: str  # full, partial or none
    machine: str
    started: str  # ISO 8601, UTC
    duration: float  # seconds
    timings: dict[str, float] = field(default_factory=dict)  # phase → seconds
    notes: tuple[str, ...] = ()
    score: float = 0.0
    max_score: float = 0.0
    held: float = 0.0
    checks: tuple[CheckResult, ...] = ()


def visible(text: str) -> str:
    """Return text with control characters escaped and its middle cut above TEXT_LIMIT."""
    shown = "".join(_visible_char(char) for char in text)
    raw = shown.encode("utf-8", "replace")
    if len(raw) <= TEXT_LIMIT:
        return shown
    half = TEXT_LIMIT // 2 - 32
    head = raw[:half].decode("utf-8", "ignore")
    tail = raw[-half:].decode("utf-8", "ignore")
    return f"{head}\n[… {len(raw) - 2 * half} bytes cut …]\n{tail}"


def _visible_char(char: str) -> str:
    if char in "\n\t" or char.isprintable():
        return char
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def to_json(grade: Grade) -> dict[str, Any]:
    """Return the grade as a JSON-ready object of schema 1, every text made visible."""
    return {"schema": SCHEMA, **_plain(asdict(grade))}


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return round(value, 6) if isinstance(value, float) else value


def from_json(data: dict[str, Any]) -> Grade:
    """Return the Grade that `to_json` wrote. Raises ValueError on another schema or shape."""
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise ValueError(f"not a result of schema {SCHEMA}")
    fields = {key: value for key, value in data.items() if key != "schema"}
    try:
        fields["checks"] = tuple(check_from_json(check) for check in fields["checks"])
        fields["notes"] = tuple(fields["notes"])
        return Grade(**fields)
    except (KeyError, TypeError) as error:
        raise ValueError(f"malformed result: {error}") from error


def check_from_json(data: dict[str, Any]) -> CheckResult:
    """Return one CheckResult from its JSON object."""
    fields = dict(data)
    fields["verdict"] = Verdict(fields["verdict"])
    fields["evidence"] = tuple(Evidence(**item) for item in fields["evidence"])
    return CheckResult(**fields)


def check_to_json(check: CheckResult) -> dict[str, Any]:
    """Return one CheckResult as a JSON-ready object."""
    return _plain(asdict(check))
