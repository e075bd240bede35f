"""Tests in C and their checks in lab.toml must agree, or nothing is graded."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader import paths
from grader.collect import Unmarked, functions_of
from grader.manifest import ManifestError, load_lab
from grader.outcome import check, tried
from grader.selftest.samples import SMALL, write

UNIT = """\
/* read_full reads all of it. */
Test(io, read)
{
}

/* What these tests need of a machine. */
Test(io, machine)
{
}
"""
UNIT_FILE = "checks/demo/unit_io.c"
KEYS = 'id = "io.read"\npart = "io"\nassertions = 3\n'


@check("a.one")
def one() -> None:
    """The first."""


@check("b")
def two() -> None:
    """The second."""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(paths, "CHECKS", tmp_path / "checks")
    (tmp_path / "checks" / "demo").mkdir(parents=True)
    (tmp_path / "checks" / "demo" / "unit_io.c").write_text(UNIT, "utf-8")
    return write(tmp_path, SMALL.replace('id = "io.read"\npart = "io"\n', KEYS))


def collected(root: Path) -> dict[str, object]:
    places = [(one, "test_demo.py:1"), (two, "test_demo.py:5")]
    return dict(functions_of(load_lab(root, "demo"), places))


def change(root: Path, old: str, new: str, name: str = "labs/demo/lab.toml") -> None:
    path = root / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_a_criterion_test_proves_the_check_of_its_name(root: Path) -> None:
    found = functions_of(load_lab(root, "demo"), [(one, "x:1"), (two, "x:2")])
    assert set(found) == {"a.one", "b", "io.read"}
    assert tried(found["io.read"]) == "read_full reads all of it."


def test_a_function_without_an_id(root: Path) -> None:
    with pytest.raises(Unmarked, match="test_demo.py:9"):
        functions_of(load_lab(root, "demo"), [(lambda: None, "test_demo.py:9")])


def test_a_test_without_a_check(root: Path) -> None:
    change(root, "Test(io, read)", "Test(io, raed)", UNIT_FILE)
    with pytest.raises(ManifestError, match="no check is called 'io.raed'; did you mean io.read"):
        collected(root)


def test_a_unit_that_does_not_try_the_machine(root: Path) -> None:
    change(
        root, "/* What these tests need of a machine. */\nTest(io, machine)\n{\n}\n", "", UNIT_FILE
    )
    with pytest.raises(ManifestError, match=r"unit_io.c:1: no Test\(io, machine\), see unit.h"):
        collected(root)


@pytest.mark.parametrize(
    "old, new, words",
    [
        ("assertions = 3", "assertions = 0", r"lab.toml:\d+: assertions is the number of CHECKs"),
        ("assertions = 3", 'assertions = 3\ntrace = ["no_leak"]', r"did you mean no_fd_leak\?"),
        ('id = "b"', 'id = "b"\nassertions = 1', "assertions is the number"),
        (
            'id = "b"',
            'id = "b"\ntrace = ["flags_kept"]',
            "trace is for checks with a Criterion test",
        ),
    ],
)
def test_keys_that_make_no_sense(root: Path, old: str, new: str, words: str) -> None:
    change(root, old, new)
    with pytest.raises(ManifestError, match=words):
        collected(root)


def test_a_question_that_there_is(root: Path) -> None:
    change(root, "assertions = 3", 'assertions = 3\ntrace = ["no_fd_leak"]')
    assert load_lab(root, "demo").check("io.read").trace == ("no_fd_leak",)
    assert "io.read" in collected(root)
