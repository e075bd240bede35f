"""A copy of this tree with a small lab `demo` in it, so that tests of the command line leave no mark."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader import paths

PYTHON = "/usr/bin/python3"
FOLDERS = ("grader", "labs", "solutions", "build/tools")
LIMIT = 100  # seconds for one command; only a hang needs them

MANIFEST = """\
id = "demo"
title = "Hello"
order = 99
version = "7"
tlpi = ["3"]

[[concept]]
name = "write"
section = "Writing"
checks = ["hello.says"]

[[part]]
id = "project"
title = "Greet"
kind = "project"
points = 100
files = ["hello.c"]
extra = ["hello_*.c", "hello_*.h"]
program = "hello"

[part.limits]
time = 1
memory = 512

[[check]]
id = "hello.says"
part = "project"
title = "It greets"
points = 60
why = "write(2)"
hints = ["What?", "write(2)", "One call."]

[[check]]
id = "hello.ends"
part = "project"
title = "It ends well"
points = 30
needs = ["hello.says"]
why = "exit(3)"
hints = ["How?", "exit(3)", "Zero."]

[[check]]
id = "hello.alone"
part = "project"
title = "It is quick"
points = 10
alone = true
why = "time(7)"
hints = ["When?", "time(7)", "Now."]
"""

CHECKS = '''\
"""The checks of lab demo. A word in the submission makes a check misbehave, to test the grader."""

import json
import os
import select
import sys

from grader import Failed, Run, check


def output_of(run: Run) -> tuple[str, int | None]:
    """Run the program and return what it wrote and its exit status."""
    with run.sandbox() as box:
        process = box.start([run.program()], limits=run.limits)
        end = process.wait(run.limit(2.0))
        return process.stderr_text(), end.code


@check("hello.says")
def test_says(run: Run) -> None:
    """Run it and read what it says."""
    text, _ = output_of(run)
    if text != "hello\\n":
        raise Failed(f"it said {text!r}", expected="hello")


@check("hello.ends")
def test_ends(run: Run) -> None:
    """Run it and look at its exit status."""
    words = (run.source / "hello.c").read_text("utf-8", "replace")
    if "CHECK HANGS" in words:
        select.select([], [], [])
    if "CHECK LEAVES" in words:
        os._exit(0)
    if "CHECK BREAKS" in words:
        {}["no such key"]
    if "CHECK TELLS" in words:
        told = {"environ": dict(os.environ), "user": os.getuid(), "groups": os.getgroups()}
        raise Failed(json.dumps({**told, "path": sys.path, "folder": os.getcwd()}))
    if output_of(run)[1] != 0:
        raise Failed("its exit status is not 0", share=0.5)


@check("hello.alone")
def test_alone(run: Run) -> None:
    """Run it alone."""
    output_of(run)
'''

HELLO = '#include <stdio.h>\n\nint main(void)\n{\n    puts("hello");\n    return 0;\n}\n'
SKELETON = "int main(void)\n{\n    return 1;\n}\n"


@dataclass(frozen=True)
class Tree:
    """A checkout that tests may spoil."""

    root: Path

    def run(self, *arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run one verb there as a shell would and return what it printed and its exit status."""
        usual = {"cwd": self.root, "env": environment(), "capture_output": True, "timeout": LIMIT}
        return subprocess.run(
            self.command(*arguments),
            text=True,
            errors="replace",
            check=False,
            **{**usual, **options},
        )

    def command(self, *arguments: object) -> list[str]:
        """The command line of a verb."""
        return [PYTHON, "-m", "grader", *map(str, arguments)]

    def grade(self, source: Path, *arguments: object, **options: Any) -> tuple[int, dict[str, Any]]:
        """Grade a submission of lab demo; return the exit status and the result."""
        target = source.parent / f"{source.name}.json"
        done = self.run(
            "grade", "--lab=demo", f"--src={source}", f"--json={target}", *arguments, **options
        )
        assert target.exists(), done
        assert "Traceback" not in done.stderr, done
        result = json.loads(target.read_text("utf-8"))
        target.unlink()
        return done.returncode, result


def environment() -> dict[str, str]:
    """A plain environment: what a test prints does not depend on who runs it."""
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
    return {**kept, "LANG": "C.UTF-8", "COLUMNS": "80", "HOME": "/nonexistent"}


def plant(root: Path) -> Tree:
    """Copy the tree to `root`, a folder that exists, and add the lab."""
    for name in FOLDERS:
        shutil.copytree(paths.ROOT / name, root / name, ignore=_unneeded)
    write(root / "labs/demo/lab.toml", MANIFEST)
    write(root / "labs/demo/hello.c", SKELETON)
    write(root / "solutions/demo/hello.c", HELLO)
    write(root / "grader/checks/demo/__init__.py", "")
    write(root / "grader/checks/demo/test_hello.py", CHECKS)
    subprocess.run(["chmod", "-R", "a+rX,go-w", root], check=True)
    return Tree(root)


def _unneeded(_: str, names: list[str]) -> list[str]:
    return [name for name in names if name in ("selftest", "tests")]


def write(path: Path, text: str) -> Path:
    """Write a file, and its folder if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def submission(folder: Path, text: str = HELLO, name: str = "hello.c") -> Path:
    """Make a submission of lab demo in `folder`; all may read it."""
    write(folder / name, text)
    folder.chmod(0o755)
    return folder
