"""A manifest is read whole or refused with the line of its mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader import build
from grader.manifest import Limits, ManifestError, UnknownLab, all_labs, covered, load_lab, slugs
from grader.manifest_rules import VARIANTS
from grader.paths import ROOT
from grader.selftest.samples import SMALL, write


def test_reads_every_field(tmp_path: Path) -> None:
    lab = load_lab(write(tmp_path, SMALL), "demo")
    assert (lab.id, lab.order, lab.version, lab.tlpi, lab.points) == ("demo", 1, "1", ("4",), 100)
    assert lab.folder == tmp_path / "labs" / "demo"
    project, drill = lab.parts
    assert project.extra == ("main_*.c",) and project.limits == Limits(time=2.5, nofile=64)
    assert drill.program == "" and drill.extra == () and drill.limits == Limits()
    assert lab.check("b").limits == Limits(time=2.5, nofile=64, memory=9)
    assert lab.check("b").alone and lab.check("b").variants == ("asan",)
    assert lab.check("a.one").needs == () and lab.check("a.one").variants == ("plain",)
    assert [check.id for check in lab.checks_of("project")] == ["a.one", "b"]
    assert lab.checks_of(drill) == (lab.check("io.read"),)
    assert lab.part("io") is drill
    with pytest.raises(KeyError):
        lab.check("nope")


# (what is replaced, by what, the text whose line must be named, words of the message)
MISTAKES = [
    ("order = 1", "order = 1\ncolour = 3", "colour", "unknown key 'colour'"),
    ('extra = ["main_*.c"]', 'extras = ["x"]', "extras", "'extras'; did you mean extra?"),
    ("memory = 9", "memroy = 9", "memroy", "did you mean memory?"),
    ('title = "A demo"\n', "", "id =", "missing key 'title'"),
    ('title = "Two"\n', "", '[[check]]\nid = "b"', "missing key 'title'"),
    ("order = 1", 'order = "1"', "order", "whole number"),
    ("order = 1", "order = true", "order", "whole number"),
    ("points = 0.5", 'points = "0.5"', 'points = "', "must be a number"),
    ("points = 0.5", "points = 0", "points = 0\n", "above 0"),
    ("points = 0.5", "points = inf", "points = inf", "above 0"),
    ("points = 0.5", "points = nan", "points = nan", "above 0"),
    ("alone = true", "alone = 1", "alone", "true or false"),
    ('title = "Two"', 'title = " "', 'title = " "', "not blank"),
    ('files = ["io.c"]', 'files = "io.c"', 'files = "', "list of texts"),
    ('files = ["io.c"]', "files = []", "files = []", "at least one file"),
    ('files = ["io.c"]', 'files = ["../io.c"]', 'files = [".', "without / and .."),
    ('files = ["io.c"]', 'files = ["/etc/passwd"]', 'files = ["/', "without / and .."),
    ('files = ["io.c"]', 'files = ["-o"]', 'files = ["-', "plain file name"),
    ('files = ["io.c"]', 'files = ["a..c"]', 'files = ["a.', "without / and .."),
    ('extra = ["main_*.c"]', 'extra = ["*/main.c"]', "extra", "without / and .."),
    ('kind = "drill"', 'kind = "dril"', 'kind = "dril"', "project, drill"),
    ('id = "b"', 'id = "B"', 'id = "B"', "not of the form"),
    ('part = "io"', 'part = "oi"', 'part = "oi"', "no part is called 'oi'; there are: project, io"),
    ('needs = ["a.one"]', 'needs = ["a.on"]', 'needs = ["a.on"]', "did you mean a.one?"),
    ('needs = ["b"]', 'needs = ["io.read"]', 'needs = ["io', "io.read → io.read"),
    ("points = 59.5", 'points = 59.5\nneeds = ["io.read"]', "needs", "a.one → io.read → b → a.one"),
    ("points = 0.5", "points = 5", "points = 60", "60 points, but its checks sum to 64.5"),
    ('variants = ["asan"]', 'variants = ["asa"]', "variants", "did you mean asan?"),
    ('variants = ["asan"]', "variants = []", "variants", "must not be empty"),
    ('hints = ["q", "m", "s"]', 'hints = ["q"]', "hints", "three"),
    ('id = "demo"', 'id = "other"', "id", "is not the folder's name 'demo'"),
    ("order = 1", "order = ", "order", "line 3"),
    ("[check.limits]\nmemory = 9", "limits = 3", "limits = 3", "must be a table"),
]


def line_of(text: str, wanted: str) -> int:
    return text[: text.index(wanted)].count("\n") + 1


@pytest.mark.parametrize(("old", "new", "at", "words"), MISTAKES)
def test_names_the_line_of_a_mistake(
    tmp_path: Path, old: str, new: str, at: str, words: str
) -> None:
    assert old in SMALL
    text = SMALL.replace(old, new, 1)
    with pytest.raises(ManifestError) as caught:
        load_lab(write(tmp_path, text), "demo")
    assert str(caught.value).startswith(f"labs/demo/lab.toml:{line_of(text, at)}: ")
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "kind"), [("b", "a.one", "check"), ("io", "project", "part")]
)
def test_doubled_ids_name_both_lines(tmp_path: Path, old: str, new: str, kind: str) -> None:
    text = SMALL.replace(f'"{old}"', f'"{new}"')
    first, second = line_of(SMALL, f'id = "{new}"'), line_of(SMALL, f'id = "{old}"')
    with pytest.raises(ManifestError) as caught:
        load_lab(write(tmp_path, text), "demo")
    place, words = f"labs/demo/lab.toml:{second}", f"first used in line {first}"
    assert str(caught.value) == f"{place}: doubled {kind} id {new!r}, {words}"


def test_parts_must_sum_to_a_hundred(tmp_path: Path) -> None:
    text = SMALL.replace("points = 40", "points = 39")
    with pytest.raises(ManifestError, match="sum to 99 points, not 100"):
        load_lab(write(tmp_path, text), "demo")


def test_a_manifest_that_is_not_text(tmp_path: Path) -> None:
    write(tmp_path, SMALL)
    (tmp_path / "labs/demo/lab.toml").write_bytes(b'id = "demo"\ntitle = "\xff"\n')
    with pytest.raises(ManifestError, match="^labs/demo/lab.toml:2: not UTF-8"):
        load_lab(tmp_path, "demo")


@pytest.mark.parametrize("slug", ["dem", "../labs/demo", "", "DEMO", "demo/"])
def test_an_unknown_lab_is_told_apart(tmp_path: Path, slug: str) -> None:
    with pytest.raises(UnknownLab, match="no lab is called .*demo"):
        load_lab(write(tmp_path, SMALL), slug)


def test_labs_come_in_their_order_and_share_none(tmp_path: Path) -> None:
    write(tmp_path, SMALL.replace("order = 1", "order = 2"))
    write(tmp_path, SMALL.replace('"demo"', '"zoo"', 1), "zoo")
    (tmp_path / "labs/common").mkdir()
    assert slugs(tmp_path) == ["demo", "zoo"]
    assert [lab.id for lab in all_labs(tmp_path)] == ["zoo", "demo"]
    write(tmp_path, SMALL)
    with pytest.raises(ManifestError, match=r"^labs/zoo/lab.toml:3: order 1 .* 'demo'"):
        all_labs(tmp_path)


def test_checks_are_covered_once_each(tmp_path: Path) -> None:
    lab = load_lab(write(tmp_path, SMALL), "demo")
    covered(lab, ["b", "io.read", "a.one"], ["t.py:1", "t.py:2", "u.c:9"])
    with pytest.raises(ManifestError) as caught:
        covered(lab, ["b", "a.tow", "b"], ["t.py:1", "t.py:2", "u.c:9"])
    unknown, doubled, *missing = str(caught.value).split("\n")
    assert unknown.startswith("t.py:2: no check is called 'a.tow'")
    assert doubled == "u.c:9: b is checked at t.py:1 too"
    one, read = line_of(SMALL, 'id = "a.one"'), line_of(SMALL, 'id = "io.read"')
    assert missing == [
        f"labs/demo/lab.toml:{one}: a.one has no check function",
        f"labs/demo/lab.toml:{read}: io.read has no check function",
    ]


def test_every_lab_of_this_repository_is_sound() -> None:
    for lab in all_labs(ROOT):
        assert lab.points == 100
        for check in lab.checks:
            assert len(check.title) <= 42, "the line of a check must fit into 80 columns"
            question, page, shape = check.hints
            assert question.endswith("?"), check.id
            assert "(" in page, check.id
            assert not any(mark in text for text in check.hints for mark in (";\n", "{", "}"))
            assert "TLPI" in check.why, check.id


def test_variants_are_those_that_can_be_built() -> None:
    assert set(VARIANTS) == set(build.VARIANTS)
