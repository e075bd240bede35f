"""latesignal: its own Criterion tests, and what it does for Python. Nothing runs outside a box."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest

from grader import paths
from grader.process import Process
from grader.sandbox import Room, Sandbox
from grader.selftest.test_tools import boxed

Unprivileged = Callable[[Callable[[], Any]], Any]
LIMIT = 20.0  # seconds for what takes none
SOON = 0.05  # seconds in which nothing is to happen


@pytest.fixture(name="folder", scope="module")
def _folder() -> Iterator[Path]:
    """A folder that everybody can read, with the tools and their tests in it."""
    paths.TOOLS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=paths.TOOLS.parent, prefix="test-late-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        make = ["make", "-s", "-C", paths.ROOT / "grader" / "tools", f"OUT={name}"]
        subprocess.run([*make, "all", f"{name}/test_latesignal"], check=True)
        yield folder


@pytest.fixture(name="_box", scope="module", autouse=True)
def _box() -> None:
    if boxed("true").returncode != 0:
        pytest.skip("this machine allows no namespaces")


def test_criterion(folder: Path) -> None:
    result = boxed("env", f"TOOLS={folder}", folder / "test_latesignal")
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    ("argv", "status", "text"),
    [
        ([], 2, "usage: "),
        (["-n", "0", "true"], 2, "usage: "),
        (["-n", "x", "true"], 2, "usage: "),
        (["-s", "NOTHING", "true"], 2, "usage: "),
        (["-s", "0", "true"], 2, "usage: "),
        (["-s", "64", "true"], 2, "usage: "),
        (["-x", "true"], 2, "usage: "),
        (["-p", "/nowhere", "true"], 125, "latesignal: /nowhere: No such file"),
        (["-o", "/nowhere/report", "true"], 125, "/nowhere/report: No such file"),
        (["/nowhere"], 127, "latesignal: /nowhere: No such file"),
        (["sh", "-c", "exit 7"], 7, "struck=0 waits=0"),
        (["sh", "-c", "kill -USR1 $$"], 128 + 10, "struck=0 waits=0"),
    ],
)
def test_exit_status(folder: Path, argv: list[str], status: int, text: str) -> None:
    result = boxed("sh", "-c", '"$@"; exit $?', "sh", folder / "latesignal", *argv)
    assert result.returncode == status and text in result.stderr


def test_nothing_outlives_the_tracer(folder: Path) -> None:
    """Kill latesignal with SIGKILL: the kernel kills what it traced."""
    script = """
        "$0" -o /dev/null sleep 1000 & tracer=$!
        while child=$(cat /proc/$tracer/task/$tracer/children); test -z "$child"; do :; done
        kill -KILL $tracer; wait $tracer
        while test -d /proc/$child; do :; done"""
    result = boxed("timeout", 20, "sh", "-c", script, folder / "latesignal")
    assert result.returncode == 0, result.stderr


# -- in a sandbox, as the checks use it --------------------------------------------------------


def struck(program: Path, manner: str, look: Callable[[Process], Any]) -> tuple[str, Any]:
    """Let SIGTERM strike flag_loop right before it sleeps; return the report and look(process)."""
    report = Path(tempfile.mkdtemp()) / "report"
    tool = [str(paths.tool("latesignal")), "-p", str(program), "-o", str(report)]
    source, typed = os.pipe()
    with Sandbox(Room(readable=(program.parent,))) as box:
        process = box.start([program, manner], wrap=tool, stdin=source)
        os.write(typed, b"a")
        assert process.until(lambda: process.stderr_text() == "a", LIMIT)
        process.freeze_tracer()
        os.write(typed, b"b")
        process.thaw_tracer()
        assert process.until(lambda: report.read_text().count("\n") == 3, LIMIT)
        return report.read_text(), look(process)


def still_sleeping(process: Process) -> bool:
    asleep = process.until(lambda: process.ledger().state == "S", LIMIT)
    return asleep and not process.ended(SOON) and process.stderr_text() == "ab"


def test_a_naive_loop_sleeps_on(unprivileged: Unprivileged, probe: Callable[[str], Path]) -> None:
    program = probe("flag_loop")
    report, asleep = unprivileged(lambda: struck(program, "naive", still_sleeping))
    assert asleep
    assert re.match(r"struck=1 waits=\d+\nSIGTERM came right before epoll_pwait\(\d", report)
    assert "delivered to this thread" in report


def test_a_masked_one_does_not(unprivileged: Unprivileged, probe: Callable[[str], Path]) -> None:
    program = probe("flag_loop")
    report, end = unprivileged(lambda: struck(program, "masked", lambda each: each.wait(LIMIT)))
    assert (end.code, end.signal) == (0, None)
    assert "blocked by this thread" in report


def beside_a_child(program: Path, manner: str) -> tuple[str, bool]:
    """Let the child of child_loop end right before it sleeps; return the report, and whether it ended."""
    report = Path(tempfile.mkdtemp()) / "report"
    tool = [str(paths.tool("latesignal")), "-c", "-n", "1", "-p", str(program), "-o", str(report)]
    with Sandbox(Room(readable=(program.parent,))) as box:
        process = box.start([program, manner], wrap=[*tool, "--"])
        assert process.until(lambda: report.read_text().count("\n") == 3, LIMIT)
        if manner == "masked":
            return report.read_text(), process.wait(LIMIT).code == 0
        process.until(lambda: process.ledger().state == "S", LIMIT)
        return report.read_text(), process.ended(SOON)


@pytest.mark.parametrize(
    "manner, call, ends", [("naive", "pause", False), ("masked", "rt_sig", True)]
)
def test_a_child_that_ends(
    unprivileged: Unprivileged, probe: Callable[[str], Path], manner: str, call: str, ends: bool
) -> None:
    program = probe("child_loop")
    report, ended = unprivileged(lambda: beside_a_child(program, manner))
    assert f"SIGCHLD came right before {call}" in report
    assert ended is ends
