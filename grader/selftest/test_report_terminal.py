"""The report on the screen: complete, calm at 80 columns, and safe to look at."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.cells import cell_len

from grader.report import terminal
from grader.report.look import Look, look_at
from grader.report.story import stories
from grader.result import Evidence, Grade, Verdict
from grader.selftest.samples import Screen, failure, grade, hostile, result


@pytest.fixture(autouse=True)
def no_forced_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FORCE_COLOR", raising=False)


def shown(
    graded: Grade, width: int = 80, timings: bool = False, screen: Screen | None = None
) -> str:
    screen = screen or Screen()
    look = look_at(screen, width)
    terminal.show_whole(graded, title="A demo", look=look, timings=timings)
    return screen.getvalue()


def flat(text: str) -> str:
    """Text without its line breaks, for sentences that may be wrapped anywhere."""
    return " ".join(text.split())


def test_each_verdict_has_its_line() -> None:
    lines = shown(grade()).splitlines()
    assert lines[0] == "syslabs demo  A demo"
    assert lines[1] == "submission labs/demo · seed 7 · isolation full"
    assert [line[:24].split() for line in lines[3:8]] == [
        ["✓", "demo.one", "5"],
        ["✗", "demo.fails", "0/5"],
        ["–", "demo.skipped", "0/5"],
        ["?", "demo.held", "?/5"],
        ["!", "io.forged", "0/5"],
    ]
    assert "it needs demo.fails" in lines[5] and "too busy" in lines[6]


def test_a_failure_tells_all_in_order() -> None:
    text = flat(shown(grade(failure())))
    parts = [
        "1 check failed",
        "✗ demo.fails 0/5 Two clients send at once.",
        "expected each reads its own bytes",
        "observed client 1 read the bytes of client 2",
        'trace demo/main.c:88 read(17, "ab"..., 4096) = 4096 write(16, "ab", 2) = 2',
        "why A connection is a stream of its own. epoll_ctl(2), TLPI 63.4.2.",
        "next Which variables outlive one pass of the loop?",
        "replay make replay LAB=demo CHECK=demo.fails SEED=7",
        "score 0/5 0 of 1 checks passed",
        "run seed 7 · isolation full · 4.0 s",
        "note not used: Makefile",
        "make hint LAB=demo CHECK=demo.fails",
    ]
    places = [text.index(part) for part in parts]
    assert places == sorted(places)


def test_a_limit_is_named_as_the_reason() -> None:
    text = flat(shown(grade(failure(reason="time limit"))))
    assert "reason time limit" in text
    assert "reason" not in flat(shown(grade(failure())))


def test_a_missing_replay_command_is_made() -> None:
    assert "make replay LAB=demo CHECK=demo.fails SEED=7" in shown(grade(failure(replay="")))


def test_held_points_and_subtotals() -> None:
    text = flat(shown(grade()))
    assert "project 5/20 1 of 4 checks passed" in text
    assert "io 0/5" in text and "score 5/25" in text
    assert "held 5 points, neither earned nor lost: demo.held" in text
    only_held = flat(shown(grade(result(), result("b", Verdict.INCONCLUSIVE, reason="busy"))))
    assert "again when it is calmer" in only_held and "not judged" in only_held
    lack = result("b", Verdict.INCONCLUSIVE, reason="missing go: apt-get install golang-go")
    assert "again when it is installed" in flat(shown(grade(result(), lack)))


def test_full_marks_are_said_kindly() -> None:
    text = shown(grade(result()))
    assert "Full marks." in text and "failed" not in text and "hint" not in text


def test_tampering_gets_no_advice() -> None:
    forged = failure(verdict=Verdict.TAMPERED, reason="wrote to the report")
    text = flat(shown(grade(forged)))
    assert "wrote to the report" in text and "a human will look at this" in text
    assert "Which variables" not in text


@pytest.mark.parametrize("status", ["rejected", "ungraded"])
def test_a_grade_without_checks(status: str) -> None:
    refused = Grade("demo", "1", "x.zip", status, 0, "", "", "", 0.0, notes=("a link: ../x",))
    text = shown(refused)
    assert f"{status}: no check has been judged" in text and "a link: ../x" in text
    assert "Full marks" not in text


def test_one_cause_is_told_once() -> None:
    log = Evidence("compiler", "main.c:3: error: expected ';'", "main.c", 3)
    first = failure("a", reason="does not compile", observed="error", evidence=(log,))
    rest = [replace(first, id=id, evidence=()) for id in "bcd"]
    text = flat(shown(grade(first, *rest)))
    assert text.count("expected ';'") == 1
    assert "4 checks does not compile (20 points)" in text and "checks a, b, c, d" in text


def test_causes_that_only_look_alike_stay_apart() -> None:
    one, two = failure("a"), failure("b", evidence=(Evidence("trace", "another line"),))
    silent = [failure(id, evidence=()) for id in "cd"]
    assert len(stories([one, two, *silent])) == 4
    assert len(stories([one, replace(one, id="e")])) == 1


def test_timings_add_a_table() -> None:
    text = flat(shown(grade(), timings=True))
    assert "checks 3.00 s 75% build 1.00 s 25% all 4.00 s 100%" in text
    assert "75%" not in flat(shown(grade()))


@pytest.mark.parametrize("graded", [grade(), hostile()], ids=["usual", "hostile"])
@pytest.mark.parametrize("width", [40, 80, 100])
def test_no_line_is_too_wide(graded: Grade, width: int) -> None:
    for line in shown(graded, width, timings=True).split("\n"):
        assert cell_len(line) <= width
        assert line == line.rstrip()


def test_the_width_has_bounds() -> None:
    assert look_at(Screen(), 300).width == 100
    assert look_at(Screen(), 5).width == 40


def test_a_pipe_gets_neither_colours_nor_controls() -> None:
    for graded in (grade(), hostile()):
        text = shown(graded, timings=True)
        assert all(char == "\n" or char.isprintable() for char in text)


def test_hostile_texts_are_shown_as_they_are() -> None:
    text = shown(hostile(), 100)
    assert r"\x1b[2J\x1b[31mred" in text and "[red]markup[/red]" in text
    assert ":smile:" in text and r"\u202e" in text
    assert len(text.splitlines()) < 160, "a flood is cut"
    assert "lines cut" in text or "bytes cut" in text


def test_a_terminal_gets_colours_of_ours_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    text = shown(hostile(), screen=Screen(is_terminal=True))
    assert "\x1b[32m" in text
    assert "\x1b[2J" not in text and "\x1b]" not in text and "\x07" not in text


def test_no_color_is_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "[32m" not in shown(grade(), screen=Screen(is_terminal=True))


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "koi8-r"])
def test_other_encodings_get_plain_signs(encoding: str) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, errors="strict", write_through=True)
    for graded in (grade(), hostile()):
        terminal.show_whole(graded, title="A demo – here", look=look_at(stream, 80), timings=True)
    text = raw.getvalue().decode(encoding)
    assert "  + demo.one" in text and "  x demo.fails" in text and "A demo - here" in text
    assert all(cell_len(line) <= 80 for line in text.splitlines())


def test_where_the_json_went() -> None:
    screen = Screen()
    terminal.show(grade(), look=look_at(screen, 80), json=Path("out/result.json"))
    text = screen.getvalue()
    assert "result      out/result.json" in text
    assert "✓ demo.one" not in text, "Progress has printed these lines"


def test_one_line_measures_what_the_screen_shows() -> None:
    look: Look = look_at(Screen(), 80)
    assert look.one_line("a\nb\tc") == "a b c"
    assert look.one_line("漢字漢字", 5) == "漢字…"
    assert cell_len(look.one_line("x" * 10_000_000, 30)) == 30
