"""Tracks: a Go program by the checks from outside, the mapping drill; what both leave alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from grader import paths, toolchain
from grader.manifest import all_labs, load_lab
from grader.mapping import has_mapping
from grader.result import Grade, Verdict
from grader.score import held
from grader.selftest.trees import environment
from grader.session import Options, grade
from grader.submission import Rejected, collect
from grader.track import GO, MAPPING, left_out, on_track

LABS = [lab.id for lab in all_labs(paths.ROOT) if has_mapping(paths.LABS, lab.id)]
needs_go = pytest.mark.skipif(not toolchain.has("go"), reason="golang-go is not installed")
each_lab = pytest.mark.parametrize(
    "id", [pytest.param(id, marks=pytest.mark.lab(id)) for id in LABS]
)


def graded(id: str, track: str, source: Path, *checks: str) -> Grade:
    lab = on_track(load_lab(paths.ROOT, id), track)
    return grade(lab, collect(lab, source), Options(checks, 7, track=track), lambda event: None)


# -- the mapping drill -------------------------------------------------------------------------


@needs_go
@each_lab
def test_the_reference_answers_are_right_and_no_other_number_is(id: str, tmp_path: Path) -> None:
    result = graded(id, MAPPING, paths.SOLUTIONS / id / "go")
    assert [(check.id, check.observed) for check in result.checks if check.points != 1] == []
    assert result.score == result.max_score == 5
    wrong = []
    for line in (paths.SOLUTIONS / id / "go" / "answers.toml").read_text("utf-8").splitlines():
        name, _, answer = line.partition(" = ")
        wrong += (
            [f'{name} = "getpid"' if '"' in answer else f"{name} = {int(answer) + 1}"]
            if answer
            else []
        )
    (tmp_path / "answers.toml").write_text("\n".join(wrong) + "\n", "utf-8")
    result = graded(id, MAPPING, tmp_path)
    others = [(check.id, check.reason) for check in result.checks if check.verdict != Verdict.FAIL]
    assert others == [] and result.score == 0


@needs_go
def test_the_command_grades_a_track() -> None:
    argv = [sys.executable, "-m", "grader", "grade", "--lab", "epoll", "--track", MAPPING]
    argv += ["--src", "solutions/epoll/go"]
    done = subprocess.run(
        argv, cwd=paths.ROOT, env=environment(), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "5/5" in done.stdout and "apart from the lab's 100 points" in done.stdout


@each_lab
def test_an_untouched_drill_earns_nothing(id: str) -> None:
    result = graded(id, MAPPING, paths.LABS / id / "go")
    assert result.score == 0 and result.held == 0
    assert {check.observed.rpartition(": ")[2] for check in result.checks} == {"no answer yet"}


def test_answers_of_another_kind_are_told(tmp_path: Path) -> None:
    (tmp_path / "answers.toml").write_text('registered = "one"\nwaits = 7\n', "utf-8")
    result = graded(
        "epoll", MAPPING, tmp_path, "mapping.registered", "mapping.waits", "mapping.idle"
    )
    observed = [check.observed for check in result.checks]
    assert "not a whole number" in observed[0] and "not a text" in observed[1]
    assert "no `idle = TEXT`" in observed[2]


@pytest.mark.skipif(toolchain.has("go"), reason="Go is here")
def test_without_go_the_points_are_held() -> None:
    result = graded("epoll", MAPPING, paths.SOLUTIONS / "epoll" / "go")
    assert result.held == 5 and all(held(check) for check in result.checks)


# -- a Go program ------------------------------------------------------------------------------

BLACK_BOX = (
    "args.errors",
    "echo.basic",
    "echo.half_close",
    "partial.write",
    "fd.exhaustion",
    "signal.term",
)


@needs_go
@pytest.mark.lab("epoll")
def test_the_twin_keeps_the_contract() -> None:
    result = graded("epoll", GO, paths.LABS / "epoll" / "go", *BLACK_BOX)
    assert [
        (check.id, check.observed) for check in result.checks if check.verdict is not Verdict.PASS
    ] == []
    (note,) = (note for note in result.notes if note.startswith("track go"))
    assert "epoll.used" in note and "edge.drain" in note


@needs_go
@pytest.mark.lab("processes")
def test_a_whole_procmon_in_go_gets_full_marks() -> None:
    result = graded("processes", GO, Path(__file__).parent / "programs" / "procmon_go")
    assert [
        (check.id, check.observed) for check in result.checks if check.verdict is not Verdict.PASS
    ] == []
    assert result.score == result.max_score


@needs_go
@pytest.mark.lab("epoll")
def test_a_go_program_with_a_flaw_fails(tmp_path: Path) -> None:
    twin = (paths.LABS / "epoll" / "go" / "epoll_server.go").read_text("utf-8")
    flawed = twin.replace("conn.Write(buffer[:n])", "conn.Write(append([]byte{63}, buffer[:n]...))")
    (tmp_path / "server.go").write_text(flawed, "utf-8")
    result = graded("epoll", GO, tmp_path, "echo.basic")
    assert [check.reason for check in result.checks] == ["wrong behaviour"]


@needs_go
@pytest.mark.lab("epoll")
def test_go_that_does_not_compile(tmp_path: Path) -> None:
    (tmp_path / "server.go").write_text("package main\n\nfunc main() { x := 1 }\n", "utf-8")
    result = graded("epoll", GO, tmp_path, "echo.basic")
    (check,) = result.checks
    assert check.reason == "does not compile" and "go build" in check.expected
    assert "server.go:3" in check.evidence[0].text


def test_what_a_track_sees() -> None:
    lab = load_lab(paths.ROOT, "epoll")
    view = on_track(lab, GO)
    assert [part.id for part in view.parts] == ["project"]
    assert {check.id for check in view.checks} | set(left_out(lab, GO)) == {
        check.id for check in lab.checks_of("project")
    }
    assert view.points == sum(check.points for check in view.checks) < lab.part("project").points
    assert on_track(lab, "") is lab


def test_no_go_files_are_no_submission(tmp_path: Path) -> None:
    lab = on_track(load_lab(paths.ROOT, "epoll"), GO)
    with pytest.raises(Rejected):
        collect(lab, tmp_path)
