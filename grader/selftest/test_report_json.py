"""result.json: exactly schema 1, written whole, read with distrust."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable

import pytest

from grader.report.json_file import SIZE_LIMIT, ResultError, parse, read, write
from grader.result import TEXT_LIMIT, to_json
from grader.selftest.samples import grade, hostile

# Word for word what design.md promises.
GRADE = """schema lab lab_version submission status seed isolation machine started duration timings
notes score max_score held checks"""
CHECK = """id part title verdict reason points max_points seconds tried expected observed why hint
evidence replay"""
EVIDENCE = "kind text file line"


def test_fields_are_those_of_the_contract(tmp_path: Path) -> None:
    write(grade(), tmp_path / "result.json")
    data = json.loads((tmp_path / "result.json").read_text("utf-8"))
    check = data["checks"][1]
    assert set(data) == set(GRADE.split()) and data["schema"] == 1
    assert set(check) == set(CHECK.split())
    assert set(check["evidence"][0]) == set(EVIDENCE.split())


def test_round_trip(tmp_path: Path) -> None:
    write(grade(), tmp_path / "result.json")
    assert read(tmp_path / "result.json") == grade()


def test_hostile_texts_are_escaped_and_bounded(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    write(replace(hostile(), timings={}), path)
    text = path.read_text("utf-8")
    assert all(char == "\n" or char.isprintable() for char in text)
    once = read(path)
    assert max(len(check.observed.encode()) for check in once.checks) <= TEXT_LIMIT
    write(once, path)
    assert read(path) == once, "what is written again stays the same"


def test_replaces_the_file_whole(tmp_path: Path) -> None:
    path, secret = tmp_path / "result.json", tmp_path / "elsewhere"
    secret.write_text("kept")
    path.symlink_to(secret)
    write(grade(), path)
    assert not path.is_symlink() and secret.read_text() == "kept"
    assert path.stat().st_mode & 0o777 == 0o644
    assert sorted(os.listdir(tmp_path)) == ["elsewhere", "result.json"]


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "result.json").mkdir()
    for path in (tmp_path / "result.json", tmp_path / "nowhere" / "result.json"):
        with pytest.raises(OSError, match=f"cannot write {path}"):
            write(grade(), path)
    assert os.listdir(tmp_path) == ["result.json"]


Change = Callable[[dict[str, Any]], Any]
MALFORMED: list[tuple[Change, str]] = [
    (lambda d: d.update(schema=2), "not a result of schema 1"),
    (lambda d: d.pop("seed"), "missing field 'seed'"),
    (lambda d: d.update(extra=1), "unknown field 'extra'"),
    (lambda d: d.update({"k" * 9999: 1}), "unknown field 'k{40}'$"),
    (lambda d: d.update(score=25.0), "score is 25, but the checks add up to 5"),
    (lambda d: d.update(held=0), "held is 0, but the checks add up to 5"),
    (lambda d: d.update(score="5"), r"result.score is not .* \(float\)"),
    (lambda d: d.update(seed=True), "result.seed"),
    (lambda d: d.update(duration=10**400), "result.duration"),
    (lambda d: d.update(duration=-1), "result.duration"),
    (lambda d: d.update(lab="x" * 4097), "result.lab"),
    (lambda d: d.update(notes="x"), "result.notes is not a list"),
    (lambda d: d.update(timings={"build": "1"}), "result.timings.'build'"),
    (lambda d: d.update(timings=[]), "result.timings is not an object"),
    (lambda d: d.update(checks=[3]), r"result.checks\[0\] is not an object"),
    (lambda d: d["checks"][1].pop("replay"), r"result.checks\[1\]: missing field 'replay'"),
    (lambda d: d["checks"][1].update(verdict="won"), r"result.checks\[1\].verdict"),
    (lambda d: d["checks"][1].update(verdict=[]), r"result.checks\[1\].verdict"),
    (lambda d: d["checks"][1].update(evidence=[{}]), r"evidence\[0\]: missing field"),
    (lambda d: d["checks"][1]["evidence"][0].update(line="1"), r"evidence\[0\].line"),
]


@pytest.mark.parametrize(("change", "words"), MALFORMED)
def test_refuses_another_shape(change: Change, words: str) -> None:
    data = to_json(grade())
    change(data)
    with pytest.raises(ResultError, match=words):
        parse(json.dumps(data).encode())


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "not JSON: Expecting value in line 1"),
        (b"{\n\n,", "not JSON: .* in line 3"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "not a result of schema 1"),
        (b'{"schema": NaN}', "NaN is no JSON number"),
        (b" " * (SIZE_LIMIT + 1), "larger than 4 MiB"),
    ],
)
def test_refuses_what_is_no_result(raw: bytes, words: str) -> None:
    with pytest.raises(ResultError, match=words):
        parse(raw)


def test_reading_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    with pytest.raises(ResultError, match=f"cannot read {path}: No such file"):
        read(path)
    os.mkfifo(path)
    with pytest.raises(ResultError, match=f"{path}: not a regular file"):
        read(path)
    with pytest.raises(ResultError, match="directory"):
        read(tmp_path)
