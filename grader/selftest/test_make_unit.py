"""`make unit` in a lab's folder: the tests of a drill as a student runs them, with the grader's flags."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any, Callable

import pytest

from grader import paths
from grader.build import COMMON, VARIANTS
from grader.limits import Limits
from grader.sandbox import Room, Sandbox
from grader.selftest.trees import PYTHON, environment

LAB = "epoll"
LABS = (LAB, "syscalls")
LIMIT = 60.0  # seconds; only a hang needs them
pytestmark = [
    pytest.mark.lab(LAB),
    pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed"),
]


@pytest.fixture
def folder(place: Path) -> Path:
    """A tree with what `make unit` needs, and the reference in the place of the student's files."""
    for name in ("labs/common", *(f"labs/{lab}" for lab in LABS), "grader"):
        shutil.copytree(paths.ROOT / name, place / name, ignore=shutil.ignore_patterns("selftest"))
    for lab in LABS:
        for path in (paths.SOLUTIONS / lab).glob("*.c"):
            shutil.copyfile(path, place / "labs" / lab / path.name)
    subprocess.run(["chmod", "-R", "a+rwX", str(place)], check=True)
    return place


Make = Callable[..., str]


@pytest.fixture
def make(folder: Path, unprivileged: Callable[[Callable[[], Any]], Any]) -> Make:
    """make(*words, typed="…", lab="…"): what `make unit` prints, in a sandbox."""

    def run(*words: str, typed: str = "", lab: str = LAB) -> str:
        argv = ["/usr/bin/make", "-C", str(folder / "labs" / lab), "unit", *words]
        (folder / "typed").write_text(typed, "utf-8")

        def body() -> str:
            room = Room(writable=(folder,))
            with Sandbox(room) as box, (folder / "typed").open("rb") as typing:
                limits = Limits(time=LIMIT)
                process = box.start(argv, limits=limits, sanitized=True, stdin=typing.fileno())
                process.wait(LIMIT)
                return process.stderr_text()

        return str(unprivileged(body))

    return run


def test_one_drill(make: Make) -> None:
    said = make("DRILL=net")
    assert said.count("Passing: 1 | Failing: 0 | Crashing: 0") == 7, said
    assert "net.errors\n" in said
    assert " ".join([*COMMON, *VARIANTS["plain"]]) in said


def test_one_test_with_sanitizers(make: Make) -> None:
    said = make("DRILL=io", "TEST=ring", "VARIANT=asan")
    assert "Tested: 1 | Passing: 1" in said, said
    assert " ".join(VARIANTS["asan"]) in said


def test_a_failure_is_told(make: Make, folder: Path) -> None:
    shutil.copyfile(paths.LABS / LAB / "net.c", folder / "labs" / LAB / "net.c")
    said = make("DRILL=net", "TEST=nonblocking")
    assert "observed: -1 (ENOSYS)" in said and "Failing: 1" in said, said


def test_files_of_one_test_are_not_met_by_another(make: Make, folder: Path) -> None:
    before = set((folder / "labs/syscalls").iterdir())
    said = make("DRILL=copy", lab="syscalls")
    assert said.count("Passing: 1 | Failing: 0 | Crashing: 0") == 8, said
    assert set((folder / "labs/syscalls").iterdir()) == before


@pytest.mark.skipif(shutil.which("gdb") is None, reason="gdb is not installed")
def test_under_gdb(make: Make) -> None:
    typed = "break set_nonblocking\ncontinue\nprint fd > 0\ndelete\ncontinue\n"
    said = make("DRILL=net", "TEST=nonblocking", "GDB=1", typed=typed)
    assert "net_nonblocking_impl" in said and "set_nonblocking (fd=" in said, said
    assert "$1 = 1" in said and "nonblocking: passed" in said, said


# -- the same from `make replay` ---------------------------------------------------------------


def replayed(folder: Path, tool: str, typed: str = "") -> str:
    """What a replay of net.errors with the reference prints."""
    argv = [PYTHON, "-m", "grader", "replay", "--lab", LAB, "--check", "net.errors", "--seed", "5"]
    argv += ["--src", str(paths.SOLUTIONS / LAB), "--under", tool]
    done = subprocess.run(
        argv,
        cwd=folder,
        env={**environment(), "PYTHONPATH": str(paths.ROOT)},
        input=typed,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    return done.stdout + done.stderr


def test_a_replay_under_strace_leaves_the_trace(tmp_path: Path) -> None:
    said = replayed(tmp_path, "strace")
    (trace,) = tmp_path.glob("*.strace")
    assert "1 of 1 checks passed" in said and trace.name in said
    assert "EADDRINUSE" in trace.read_text("utf-8")


@pytest.mark.skipif(shutil.which("gdb") is None, reason="gdb is not installed")
def test_a_replay_in_gdb_stops_in_the_test(tmp_path: Path) -> None:
    typed = "run\nbreak tcp_listen\ncontinue\nprint backlog\ndelete\ncontinue\nquit\n"
    said = replayed(tmp_path, "gdb", typed)
    assert "net_errors_impl ()" in said and "$1 = 8" in said, said
    assert "which is not judged" in said
