"""result.json: written whole or not at all, and read with distrust."""

from __future__ import annotations

import json
import os
import stat
import tempfile
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

from grader.result import SCHEMA, TEXT_LIMIT, CheckResult, Evidence, Grade, Verdict
from grader.result import from_json, to_json
from grader.score import total

SIZE_LIMIT = 4 << 20  # bytes of a file that is read


class ResultError(ValueError):
    """A result that cannot be read or believed; one line says why."""


def write(grade: Grade, path: Path) -> None:
    """Write the grade to path as JSON, mode 0644; whoever reads it sees the old file or the new.

    Raises OSError.
    """
    text = json.dumps(to_json(grade), ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    write_text(text, path)


def write_text(text: str, path: Path) -> None:
    """Replace the file at path by text (UTF-8), mode 0644, by rename(2). Raises OSError."""
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fchmod(descriptor, 0o644)
                os.fsync(descriptor)
            os.replace(name, path)
        except BaseException:
            os.unlink(name)
            raise
    except OSError as error:
        raise OSError(f"cannot write {path}: {error.strerror}") from error


def read(path: Path) -> Grade:
    """Return the grade in the file at path. Raises ResultError."""
    try:
        return parse(_read_bytes(path))
    except OSError as error:
        raise ResultError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise ResultError(f"{path}: {error}") from error


def parse(raw: bytes) -> Grade:
    """Return the grade that raw JSON holds: schema 1 to the letter, with sums that are right.

    Raises ResultError.
    """
    if len(raw) > SIZE_LIMIT:
        raise ResultError(f"larger than {SIZE_LIMIT >> 20} MiB")
    try:
        data = json.loads(raw.decode("utf-8"), parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise ResultError(f"not JSON: {error.msg} in line {error.lineno}") from error
    except (ValueError, RecursionError) as error:
        raise ResultError(f"not JSON: {error}") from error
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise ResultError(f"not a result of schema {SCHEMA}")
    _verify(Grade, {key: value for key, value in data.items() if key != "schema"}, "result")
    return _believed(from_json(data))


def _believed(grade: Grade) -> Grade:
    """Return the grade if its points add up. Raises ResultError."""
    sums = total(grade)
    for name in ("score", "max_score", "held"):
        if abs(getattr(sums, name) - getattr(grade, name)) > 0.01:
            told, right = getattr(grade, name), getattr(sums, name)
            raise ResultError(f"{name} is {told:g}, but the checks add up to {right:g}")
    return grade


def _read_bytes(path: Path) -> bytes:
    """Return the head of a regular file; what is longer than SIZE_LIMIT is not read in full."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ResultError("not a regular file")
        return file.read(SIZE_LIMIT + 1)


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")


def _verify(kind: type, value: Any, where: str) -> None:
    """Raise ResultError unless value has exactly the fields of the dataclass, of their types."""
    if not isinstance(value, dict):
        raise ResultError(f"{where} is not an object")
    names = {field.name: str(field.type) for field in fields(kind)}
    for key in sorted(names.keys() ^ value.keys()):
        raise ResultError(f"{where}: {'missing' if key in names else 'unknown'} field {key[:40]!r}")
    for name, annotation in names.items():
        _verify_value(annotation, value[name], f"{where}.{name}")


def _verify_value(annotation: str, value: Any, where: str) -> None:
    if annotation.startswith("tuple["):
        if not isinstance(value, list):
            raise ResultError(f"{where} is not a list")
        item = annotation[len("tuple[") : -len(", ...]")]
        for number, each in enumerate(value):
            _verify_value(item, each, f"{where}[{number}]")
    elif annotation == "dict[str, float]":
        if not isinstance(value, dict) or not all(map(_is_text, value)):
            raise ResultError(f"{where} is not an object")
        for key, each in value.items():
            _verify_value("float", each, f"{where}.{key[:40]!r}")
    elif annotation in _TABLES:
        _verify(_TABLES[annotation], value, where)
    elif not _SCALARS[annotation](value):
        raise ResultError(f"{where} is not what schema {SCHEMA} says ({annotation})")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value.encode("utf-8", "replace")) <= TEXT_LIMIT


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 63


def _is_number(value: Any) -> bool:
    """Seconds and points: finite, not negative, not beyond reason."""
    return (_is_whole(value) or isinstance(value, float)) and 0 <= value <= 1e9


_TABLES: dict[str, type] = {"CheckResult": CheckResult, "Evidence": Evidence}
_SCALARS: dict[str, Callable[[Any], bool]] = {
    "str": _is_text,
    "int": _is_whole,
    "float": _is_number,
    "Verdict": lambda value: value in [verdict.value for verdict in Verdict],
}
