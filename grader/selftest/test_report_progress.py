"""Progress: a line per check at once, and a status line on terminals only."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from grader.manifest import Lab, load_lab
from grader.paths import ROOT
from grader.report.look import look_at
from grader.report.progress import Progress
from grader.result import check_to_json
from grader.selftest.samples import SMALL, Screen, failure, result, write


@pytest.fixture(autouse=True)
def no_forced_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FORCE_COLOR", raising=False)


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return load_lab(write(tmp_path, SMALL), "demo")


def test_lines_come_as_checks_end(lab: Lab) -> None:
    screen = Screen()
    with Progress(lab, "labs/demo", seed=7, look=look_at(screen, 80)) as progress:
        head = screen.getvalue()
        assert head == "syslabs demo  A demo\nsubmission labs/demo · seed 7\n"
        progress.phase("compiling")
        progress.started(lab.check("a.one"))
        progress.started("b")
        assert screen.getvalue() == head, "a pipe hears of what has ended"
        progress.finished(result("b"))
        assert "✓ b" in screen.getvalue()
        progress.finished(failure("a.one"))
    lines = screen.getvalue().splitlines()
    assert len(lines) == 5 and "✗ a.one" in lines[4]


def test_hears_the_events_of_the_worker(lab: Lab) -> None:
    screen = Screen()
    with Progress(lab, "labs/demo", checks=("b",), look=look_at(screen, 80)) as progress:
        progress.event({"event": "isolation", "level": "full", "trouble": ""})
        progress.event({"event": "phase", "name": "prepare", "seconds": 0.1})
        assert "0/1" in progress.__rich__().plain and "compiling" in progress.__rich__().plain
        progress.event({"event": "started", "id": "b"})
        assert progress.__rich__().plain.endswith("b")
        progress.event({"event": "result", "check": check_to_json(result("b"))})
        assert "1/1" in progress.__rich__().plain
    assert "✓ b" in screen.getvalue()


def test_the_status_line_fits(lab: Lab) -> None:
    with Progress(lab, "labs/demo", look=look_at(Screen(), 60)) as progress:
        for number in range(50):
            progress.started(f"check.{number}")
        assert progress.__rich__().cell_len < 60


SCRIPT = """
import sys
from pathlib import Path
from grader.manifest import load_lab
from grader.report.progress import Progress
from grader.selftest.samples import result
lab = load_lab(Path(sys.argv[1]), "demo")
with Progress(lab, "labs/demo", lively=sys.argv[2] == "lively") as progress:
    progress.started("b")
    progress.finished(result("b"))
    if len(sys.argv) > 3:
        raise KeyboardInterrupt
"""


def on_terminal(root: Path, *args: str, term: str = "xterm") -> str:
    """Return what the script writes on a terminal of its own."""
    master, slave = pty.openpty()
    environment = {**os.environ, "TERM": term, "PYTHONPATH": str(ROOT), "COLUMNS": "80"}
    argv = [sys.executable, "-c", SCRIPT, str(root), *args]
    process = subprocess.Popen(argv, stdout=slave, stderr=subprocess.DEVNULL, env=environment)
    os.close(slave)
    written = b""
    try:
        while chunk := os.read(master, 4096):
            written += chunk
    except OSError:  # EIO: the other side is closed, see pty(7)
        pass
    os.close(master)
    process.wait(20)
    return written.decode()


def test_a_terminal_gets_a_status_line_that_goes_away(lab: Lab) -> None:
    text = on_terminal(lab.folder.parents[1], "lively")
    assert "\x1b[?25l" in text and text.rindex("\x1b[?25h") > text.index("\x1b[?25l")
    assert "demo" in text and "b" in text


def test_the_cursor_comes_back_after_an_interrupt(lab: Lab) -> None:
    assert "\x1b[?25h" in on_terminal(lab.folder.parents[1], "lively", "interrupt")


@pytest.mark.parametrize(("how", "term"), [("calm", "xterm"), ("lively", "dumb")])
def test_lines_only_where_nothing_may_move(lab: Lab, how: str, term: str) -> None:
    text = on_terminal(lab.folder.parents[1], how, term=term)
    assert "\x1b[?25l" not in text and "Title of demo" not in text and "b" in text


def test_rich_is_loaded_when_it_is_needed() -> None:
    modules = "grader.report.progress, grader.report.terminal, grader.verbs.hint, grader.verbs.list"
    code = f"import sys, {modules}; sys.exit('rich' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
