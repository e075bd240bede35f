"""The tests of drills are compiled once, and again when anything that goes into them has changed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from grader import build as building
from grader import paths, toolchain
from grader.build import BuildFailed
from grader.job import Job
from grader.manifest import Lab, load_lab
from grader.process import NotStarted
from grader.run import Run
from grader.unit_tests import UnitTests, all_tests, keep_tests

CHECK = "net.nonblocking"
pytestmark = pytest.mark.skipif(not toolchain.has("criterion"), reason="Criterion is not installed")


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """Lab epoll with one header of its own, and nothing kept yet."""
    monkeypatch.setattr(paths, "TESTS", tmp_path / "tests")
    (tmp_path / "epoll").mkdir()
    header = (paths.LABS / "epoll" / "net.h").read_text("utf-8")
    (tmp_path / "epoll" / "net.h").write_text(header, "utf-8")
    return replace(load_lab(paths.ROOT, "epoll"), folder=tmp_path / "epoll")


def net_drill(lab: Lab) -> UnitTests:
    (tests,) = all_tests(lab, (CHECK,))
    return tests


def test_they_are_compiled_once(lab: Lab) -> None:
    kept = net_drill(lab).kept
    keep_tests(lab, (CHECK,))
    made = kept.stat().st_mtime_ns
    keep_tests(lab, (CHECK,))
    assert kept.stat().st_mtime_ns == made
    assert list(paths.TESTS.iterdir()) == [kept]


def test_another_header_makes_another_object_in_place_of_the_old_one(lab: Lab) -> None:
    keep_tests(lab, (CHECK,))
    before = net_drill(lab).kept
    with (lab.folder / "net.h").open("a") as file:
        file.write("/* one more line */\n")
    keep_tests(lab, (CHECK,))
    after = net_drill(lab).kept
    assert after != before and list(paths.TESTS.iterdir()) == [after]


def test_a_header_that_is_not_included_changes_nothing(lab: Lab) -> None:
    before = net_drill(lab).kept
    (lab.folder / "echo_mine.h").write_text("int mine;\n", "utf-8")
    assert net_drill(lab).kept == before


def test_what_cannot_be_compiled_or_kept_is_left_to_the_worker(lab: Lab, tmp_path: Path) -> None:
    (lab.folder / "net.h").write_text('#include "nowhere.h"\n#include "net.h"\n', "utf-8")
    keep_tests(lab, (CHECK,))
    assert list(paths.TESTS.iterdir()) == []
    paths.TESTS.rmdir()
    paths.TESTS.write_text("no folder", "utf-8")
    keep_tests(lab, (CHECK,))


def test_a_program_of_ours_that_does_not_compile_is_no_mistake_of_the_student(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> str:
        raise BuildFailed("x.c:1:1: error: no such thing here")

    monkeypatch.setattr(building, "build", refuse)
    job = Job("epoll", str(tmp_path), str(tmp_path), "x", 7, (), jobs=2)
    lab = load_lab(paths.ROOT, "epoll")
    with pytest.raises(NotStarted, match="yardstick.c, a program of the grader: .*no such thing"):
        Run(job, lab, lab.check(CHECK), "full", 1.0).helper(tmp_path / "yardstick.c")


def test_checks_choose_what_is_compiled() -> None:
    lab = load_lab(paths.ROOT, "ipc")
    found = {(each.source.name, each.variant) for each in all_tests(lab, ("queue.fifo",))}
    assert {("unit_queue.c", "plain"), ("race_queue.c", "tsan")} <= found
    assert all("queue" in name for name, _ in found)
    assert not list(all_tests(load_lab(paths.ROOT, "epoll"), ("lt_et.reading",)))
