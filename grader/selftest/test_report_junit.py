"""JUnit XML: what CI systems read, whatever the texts hold."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from grader.report.junit import legal, render, write
from grader.selftest.samples import failure, grade, hostile


def test_counts_and_verdicts() -> None:
    root = ElementTree.fromstring(render(grade()))
    assert (root.get("tests"), root.get("failures")) == ("5", "2")
    assert (root.get("errors"), root.get("skipped")) == ("1", "1")
    assert [suite.get("name") for suite in root] == ["demo.project", "demo.io"]
    children = {case.get("name"): [child.tag for child in case] for case in root.iter("testcase")}
    assert children == {
        "demo.one": [],
        "demo.fails": ["failure"],
        "demo.skipped": ["skipped"],
        "demo.held": ["error"],
        "io.forged": ["failure"],
    }


def test_a_failure_tells_its_story() -> None:
    root = ElementTree.fromstring(render(grade(failure(points=2.0))))
    element = root.find(".//failure")
    assert element is not None and element.text is not None
    assert element.get("message") == "client 1 read the bytes of client 2"
    assert element.get("type") == "wrong behaviour"
    for words in ("2 of 5 points", "demo/main.c:88", "why: ", "next: ", "SEED=7"):
        assert words in element.text


def test_seed_and_points_are_properties() -> None:
    root = ElementTree.fromstring(render(grade()))
    told = {each.get("name"): each.get("value") for each in root[0].iter("property")}
    assert told["seed"] == "7" and told["score"] == "5" and told["held"] == "5"


def test_hostile_texts_stay_texts(tmp_path: Path) -> None:
    write(hostile(), tmp_path / "junit.xml")
    text = (tmp_path / "junit.xml").read_text("utf-8")
    root = ElementTree.fromstring(text)
    assert len(list(root.iter("testcase"))) == 6
    assert not {"\x1b", "\x00", "\u202e", "\u200b"} & set(text)
    assert len(text) < 200_000


def test_every_character_becomes_legal() -> None:
    for start in range(0, 0x110000, 1024):
        text = legal("".join(map(chr, range(start, start + 1024))))
        ElementTree.fromstring(f"<a>{text.replace('&', '').replace('<', '')}</a>")
