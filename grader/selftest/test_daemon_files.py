"""The files of lab `daemon` for systemd and logrotate: would these programs take them?"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from grader import paths

LAB = paths.LABS / "daemon"


def test_systemd_takes_the_unit_file(tmp_path: Path) -> None:
    """Its program is not installed here: /bin/true stands in for it."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    text = (LAB / "sysdaemon.service").read_text("utf-8")
    unit = tmp_path / "sysdaemon.service"
    unit.write_text(text.replace("/usr/local/sbin/sysdaemon", "/bin/true"), "utf-8")
    argv = ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(unit)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    about_it = [line for line in done.stderr.splitlines() if "sysdaemon" in line]
    assert about_it == []


def test_logrotate_takes_the_snippet(tmp_path: Path) -> None:
    """-d: it tells what it would do, and does nothing."""
    logrotate = shutil.which("logrotate", path="/usr/sbin:/usr/bin:/sbin:/bin")
    if logrotate is None:
        pytest.skip("logrotate is not installed")
    snippet = tmp_path / "sysdaemon"
    shutil.copyfile(LAB / "sysdaemon.logrotate", snippet)
    snippet.chmod(0o644)
    argv = [logrotate, "-d", "-s", str(tmp_path / "state"), str(snippet)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "error:" not in done.stderr


def test_the_paths_in_them_are_those_of_the_service() -> None:
    program = (paths.SOLUTIONS / "daemon" / "sysdaemon.c").read_text("utf-8")
    for name, path in (
        ("sysdaemon.service", "/run/sysdaemon.pid"),
        ("sysdaemon.logrotate", "/run/sysdaemon.pid"),
        ("sysdaemon.logrotate", "/var/log/sysdaemon.log"),
    ):
        assert path in (LAB / name).read_text("utf-8")
        assert path in program
