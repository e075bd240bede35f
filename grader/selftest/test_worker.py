"""The process that runs the checks: who it is, what it is told, and what cannot mislead it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from grader import privilege
from grader.selftest.trees import HELLO, Tree, environment, plant, submission, write
from grader.worker import remove_tree

ROGUE = "import os\nopen(os.environ.get('WITNESS', '/tmp/witness'), 'w').close()\nos._exit(0)\n"
ROGUE_INI = "[pytest]\naddopts = --collect-only\npython_files = rogue_*.py\n"


def observed(result: dict[str, Any]) -> dict[str, Any]:
    """What a check with the words CHECK TELLS says of its process."""
    text = next(check["observed"] for check in result["checks"] if check["id"] == "hello.ends")
    assert isinstance(text, str)
    return dict(json.loads(text))


def rogue(folder: Path) -> Path:
    """Put everything into a folder that pytest or Python would look for."""
    for name in ("conftest.py", "sitecustomize.py", "usercustomize.py", "pytest.py", "json.py"):
        write(folder / name, ROGUE)
    write(folder / "grader/__init__.py", ROGUE)
    for name in ("pytest.ini", "tox.ini", "setup.cfg"):
        write(folder / name, ROGUE_INI)
    return folder


def test_rogue_files_of_a_submission_have_no_say(tree: Tree, tmp_path: Path) -> None:
    source = rogue(submission(tmp_path / "mine"))
    status, result = tree.grade(source)
    assert (status, result["score"]) == (0, 100)
    assert any("conftest.py" in note for note in result["notes"])


def test_rogue_files_where_temporary_files_are(tree: Tree, place: Path, tmp_path: Path) -> None:
    place.chmod(0o777)
    options = environment() | {"TMPDIR": str(rogue(place))}
    status, _ = tree.grade(submission(tmp_path / "mine"), env=options)
    assert status == 0
    assert not [name for name in os.listdir(place) if name.startswith("syslabs-")]


def test_the_environment_of_the_caller_stays_outside(tree: Tree, tmp_path: Path) -> None:
    source = submission(tmp_path / "mine", HELLO + "// CHECK TELLS\n")
    spoiled = environment() | {
        "PYTEST_ADDOPTS": "--collect-only",
        "PYTEST_PLUGINS": "nothing",
        "SECRET": "x",
        "GCC_EXEC_PREFIX": "/nonexistent",
        "TERM": "vt100",
    }
    status, result = tree.grade(source, env=spoiled)
    told = observed(result)
    own = {"LC_CTYPE", "PYTEST_CURRENT_TEST", "PYTEST_VERSION"}  # set by the worker itself
    expected = {"HOME", "LANG", "PATH", "PYTHONPATH", "TERM", "TMPDIR"}
    assert set(told["environ"]) - own == expected | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD"}
    assert told["environ"]["PYTHONPATH"] == str(tree.root)
    assert told["folder"] == told["environ"]["TMPDIR"] and told["folder"] not in told["path"]
    assert status == 1


def test_root_becomes_somebody_without_rights(tree: Tree, tmp_path: Path) -> None:
    _, result = tree.grade(submission(tmp_path / "mine", HELLO + "// CHECK TELLS\n"))
    told = observed(result)
    if privilege.is_root():
        assert privilege.FIRST <= told["user"] <= privilege.LAST and told["groups"] == []
    else:
        assert told["user"] == os.getuid()


def test_the_users_of_two_gradings_differ() -> None:
    users = {privilege.unused_user() for _ in range(20)}
    assert len(users) > 10 and min(users) >= privilege.FIRST


@pytest.mark.skipif(not privilege.is_root(), reason="only root has folders that others cannot read")
def test_a_private_tree_is_copied(tree: Tree, tmp_path: Path) -> None:
    private = Tree(tmp_path / "private")
    private.root.mkdir()
    plant(private.root)
    private.root.chmod(0o700)
    source = submission(tmp_path / "mine", HELLO + "// CHECK TELLS\n")
    _, result = private.grade(source)
    assert result["score"] == 70
    assert observed(result)["environ"]["PYTHONPATH"] != str(private.root)


def test_readable_by_all(tmp_path: Path) -> None:
    assert not privilege.readable_by_all(tmp_path)  # pytest's own folder is private
    assert privilege.readable_by_all(Path("/usr/bin"))


def test_a_deep_tree_is_removed_whatever_its_modes(tmp_path: Path) -> None:
    top = tmp_path / "deep"
    top.mkdir()
    folder = os.open(top, os.O_PATH)
    for _ in range(300):  # deeper than any path can name, see PATH_MAX
        os.mkdir("a_name_of_some_length", dir_fd=folder)
        below = os.open("a_name_of_some_length", os.O_PATH, dir_fd=folder)
        os.close(folder)
        folder = below
    os.close(folder)
    top.chmod(0)
    remove_tree(top)
    assert not top.exists()


# -- a worker that fails -----------------------------------------------------------------------


@pytest.fixture(name="spoiled")
def _spoiled(tmp_path: Path) -> Tree:
    """A tree of this test's own."""
    tmp_path.chmod(0o755)
    return plant(tmp_path)


BROKEN = {
    "syntax": ("def f(:\n", "SyntaxError: invalid syntax"),
    "import": ("import no_such_module\n", "No module named 'no_such_module'"),
    "unmarked": ("def test_x(run):\n    pass\n", "test_hello.py:1: "),
    "none": ("", "labs/demo/lab.toml:26: hello.says has no check function"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_checks_that_cannot_be_used(spoiled: Tree, kind: str) -> None:
    text, said = BROKEN[kind]
    write(spoiled.root / "grader/checks/demo/test_hello.py", text)
    done = spoiled.run("grade", "--lab=demo", "--src=solutions/demo")
    assert done.returncode == 3
    assert done.stderr.startswith("syslabs: not gradable on this machine: ")
    assert said in done.stderr and "Traceback" not in done.stderr


def test_a_worker_that_is_killed(spoiled: Tree) -> None:
    name = spoiled.root / "grader/checks/demo/test_hello.py"
    name.write_text(name.read_text("utf-8") + "\nos.kill(os.getpid(), 9)\n", "utf-8")
    done = spoiled.run("grade", "--lab=demo", "--src=solutions/demo")
    assert (done.returncode, done.stderr.count("\n")) == (3, 1)
    assert "killed by SIGKILL" in done.stderr


def test_a_fault_outside_of_the_checks(spoiled: Tree) -> None:
    name = spoiled.root / "grader/calibrate.py"
    name.write_text(
        f"{name.read_text('utf-8')}\ndef slowness():\n    return {{}}['nowhere']\n", "utf-8"
    )
    done = spoiled.run("grade", "--lab=demo", "--src=solutions/demo")
    assert (done.returncode, done.stderr.count("\n")) == (3, 1)
    assert "KeyError: 'nowhere'" in done.stderr


def test_a_check_that_breaks_or_leaves_costs_nothing(tree: Tree, tmp_path: Path) -> None:
    for word, said in (("BREAKS", "KeyError: 'no such key'"), ("LEAVES", "without a result")):
        source = submission(tmp_path / word, f"{HELLO}// CHECK {word}\n")
        status, result = tree.grade(source)
        assert (status, result["score"], result["held"]) == (3, 70, 30)
        (check,) = [check for check in result["checks"] if check["verdict"] != "pass"]
        assert check["id"] == "hello.ends" and said in check["reason"]
        assert "a fault of the grader, not of the program" in check["reason"]


def test_nothing_is_left_in_the_folder_for_temporary_files(
    tree: Tree, place: Path, tmp_path: Path
) -> None:
    place.chmod(0o777)
    tree.grade(submission(tmp_path / "mine"), env=environment() | {"TMPDIR": str(place)})
    assert os.listdir(place) == []
