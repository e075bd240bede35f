"""Texts that are too long to be shown."""

from __future__ import annotations

from grader.excerpt import cut, excerpt


def test_the_middle_of_a_line_is_cut() -> None:
    assert cut("a" * 100, 100) == "a" * 100
    assert cut("a" * 60 + "b" * 60, 40) == "a" * 19 + " … " + "b" * 18


def test_the_middle_of_a_text_is_counted() -> None:
    text = "".join(f"line {number}\n" for number in range(10))
    assert excerpt(text, 10) == text.rstrip()
    assert excerpt(text, 4).splitlines() == [
        "line 0",
        "line 1",
        "… 6 more lines …",
        "line 8",
        "line 9",
    ]


def test_no_line_is_wide() -> None:
    assert max(map(len, excerpt("short\n" + "x" * 5000, width=80).splitlines())) == 80
