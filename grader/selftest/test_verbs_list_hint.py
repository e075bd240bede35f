"""`list` and `hint`, and the memory that they rest on."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from grader import history, paths
from grader.manifest import load_lab
from grader.report import json_file
from grader.result import Grade, Verdict
from grader.selftest.samples import SMALL, grade, hostile, result, write
from grader.verbs import hint
from grader.verbs import list as list_verb

HINTS = 'hints = ["Who?", "read(2)", "A loop."]'


@pytest.fixture(autouse=True)
def usual_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write(tmp_path, SMALL.replace('hints = ["q", "m", "s"]', HINTS))
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    return tmp_path


def ask(lab: str = "demo", check: str = "a.one") -> int:
    return hint.run(argparse.Namespace(lab=lab, check=check, track=""))


def full(root: Path, **fields: object) -> Grade:
    lab = load_lab(root, "demo")
    checks = [result(c.id, part=c.part, points=c.points, max_points=c.points) for c in lab.checks]
    return grade(*checks, **fields)


Output = pytest.CaptureFixture[str]


def test_one_hint_more_each_time(root: Path, capsys: Output) -> None:
    expected = [
        (["Who?"], "Two more hints"),
        (["Who?", "read(2)"], "One more hint"),
        (["Who?", "read(2)", "A loop."], "last hint"),
        (["Who?", "read(2)", "A loop."], "last hint"),
    ]
    for shown, left in expected:
        assert ask() == 0
        text = capsys.readouterr().out
        assert [words for words in ("Who?", "read(2)", "A loop.") if words in text] == shown
        assert left in text
    assert ask(check="b") == 0
    assert "Two more hints" in capsys.readouterr().out, "each check has its own count"


@pytest.mark.parametrize(
    ("lab", "check", "words"),
    [
        ("dmo", "a.one", "no lab is called 'dmo'; did you mean demo?"),
        ("", "a.one", "no lab is called ''; there are: demo"),
        ("demo", "a.on", "no check is called 'a.on'; did you mean a.one?"),
        ("demo", "", "no check is called ''; there are: a.one, b, io.read"),
    ],
)
def test_unknown_names_get_one_line(
    root: Path, capsys: Output, lab: str, check: str, words: str
) -> None:
    assert ask(lab, check) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err == f"syslabs: {words}\n"


@pytest.mark.parametrize(
    "content", ["", "[]", "{", '{"demo a.one": "x"}', '{"demo a.one": -9}', "[" * 9999]
)
def test_corrupt_counters_start_again(root: Path, capsys: Output, content: str) -> None:
    (root / ".syslabs").mkdir()
    (root / ".syslabs/hints.json").write_text(content)
    assert ask() == 0
    assert "Two more hints" in capsys.readouterr().out
    assert json.loads((root / ".syslabs/hints.json").read_text())["demo a.one"] == 1


def test_all_hints_where_nothing_can_be_kept(root: Path, capsys: Output) -> None:
    (root / ".syslabs").write_text("a file in the way")
    assert ask() == 0
    text = capsys.readouterr().out
    assert "A loop." in text and "these are all three" in text
    assert not history.record(full(root), root)


def test_list_before_and_after_a_grading(root: Path, capsys: Output) -> None:
    assert list_verb.run(argparse.Namespace(concepts=False)) == 0
    text = capsys.readouterr().out
    assert "not graded yet" in text and "A drill" in text
    assert history.record(full(root), root)
    assert list_verb.run(argparse.Namespace(concepts=False)) == 0
    rows = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line}
    assert rows["demo"].split() == ["demo", "A", "demo", "100", "100", "2026-01-02"]
    assert rows["project"].split()[-2:] == ["60", "60"]
    assert rows["io"].startswith("  io") and rows["io"].split()[-2:] == ["40", "40"]
    assert all(len(row) <= 80 and row.isprintable() for row in rows.values())


def test_list_says_whose_mark_it_is(root: Path, capsys: Output) -> None:
    history.record(full(root, submission="solutions/demo", lab_version="0"), root)
    list_verb.run(argparse.Namespace(concepts=False))
    text = capsys.readouterr().out
    assert "older version" in text or "…" in text
    assert "   60\n" in text, "points of the parts of an older version are not shown"


def test_list_with_a_broken_manifest(root: Path, capsys: Output) -> None:
    write(root, "id = ")
    assert list_verb.run(argparse.Namespace(concepts=False)) == 3
    assert capsys.readouterr().err.startswith("syslabs: labs/demo/lab.toml:1: ")


def test_only_whole_grades_are_marks(root: Path) -> None:
    whole = full(root)
    assert history.last_grade("demo", root) is None and history.last_result("demo", root) is None
    assert history.record(whole, root)
    assert not history.record(grade(whole.checks[0]), root)
    assert not history.record(grade(*whole.checks, lab="nolab"), root)
    assert not history.record(hostile(), root)
    assert history.last_grade("demo", root) == whole
    raw = history.last_result("demo", root)
    assert raw is not None and json_file.parse(raw) == whole


@pytest.mark.parametrize("content", ["", "{}", '{"schema": 1}', "\x00"])
def test_a_corrupt_mark_counts_as_none(root: Path, capsys: Output, content: str) -> None:
    (root / ".syslabs").mkdir()
    (root / ".syslabs/demo.json").write_text(content)
    assert list_verb.run(argparse.Namespace(concepts=False)) == 0
    assert "not graded yet" in capsys.readouterr().out
    assert history.record(full(root), root), "the next grading mends it"


def test_a_mark_of_another_lab_is_not_shown(root: Path) -> None:
    (root / ".syslabs").mkdir()
    json_file.write(grade(lab="other"), root / ".syslabs/demo.json")
    assert history.last_grade("demo", root) is None


def test_nothing_is_written_through_a_link(root: Path) -> None:
    (root / "elsewhere").mkdir()
    (root / ".syslabs").symlink_to(root / "elsewhere")
    assert not history.record(full(root), root)
    assert not history.keep_hints_read("demo", "b", 1, root)
    assert list((root / "elsewhere").iterdir()) == []


def test_held_points_are_listed(root: Path, capsys: Output) -> None:
    whole = full(root)
    held = result("b", Verdict.INCONCLUSIVE, max_points=0.5)
    assert history.record(grade(whole.checks[0], held, whole.checks[2]), root)
    list_verb.run(argparse.Namespace(concepts=False))
    assert "99.5 (0.5 held)" in capsys.readouterr().out
