"""Bad input and poor machines: one clear line, the documented exit status, never a traceback."""

from __future__ import annotations

import json
import resource
import subprocess
from functools import partial
from pathlib import Path
from typing import Any, Callable

import pytest

from grader.selftest.denied import altered, deny, small_disk, without, without_module
from grader.selftest.others import User
from grader.selftest.trees import HELLO, Tree, environment, plant, submission, write


def graded(
    tree: Tree, *arguments: object, before: tuple[str, ...] | list[str] = (), **options: Any
) -> subprocess.CompletedProcess[str]:
    """Grade lab demo, with words before the command; nobody may see a traceback."""
    source = [] if any("--src" in str(word) for word in arguments) else ["--src=solutions/demo"]
    command = tree.command("grade", "--lab=demo", *source, *arguments)
    done = subprocess.run(
        [*before, *command],
        **{"cwd": tree.root, "env": environment(), **options},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    if done.stderr.startswith("bwrap: ") and "setting up uid map" in done.stderr:
        pytest.skip("this machine lets nobody alter what a command sees")
    assert "Traceback" not in done.stdout + done.stderr
    return done


def one_line(done: subprocess.CompletedProcess[str], status: int, said: str) -> None:
    assert done.returncode == status, done
    assert done.stderr.startswith("syslabs: ") and done.stderr.count("\n") == 1, done.stderr
    assert said in done.stderr


# -- what the author of a submission, or its grader, got wrong: status 2 -----------------------

BAD: dict[str, tuple[Callable[[Path], Any], str]] = {
    "no such folder": (lambda folder: folder / "absent", "No such file or directory"),
    "empty folder": (lambda folder: folder, "no hello.c in it; is this the folder of demo?"),
    "a file": (lambda folder: write(folder / "hello.c", HELLO), "not a folder; SRC names"),
    "a program": (lambda folder: submission(folder, "\x7fELF\0"), "a compiled program, not source"),
    "a folder as a file": (lambda folder: (folder / "hello.c").mkdir() or folder, "not a regular"),
    "a device": (lambda folder: Path("/dev/null"), "not a folder"),
    "an endless name": (lambda folder: folder / ("x" * 300), "File name too long"),
}


@pytest.mark.parametrize("kind", BAD)
def test_submissions(tree: Tree, tmp_path: Path, kind: str) -> None:
    make, said = BAD[kind]
    one_line(graded(tree, f"--src={make(tmp_path)}"), 2, said)


@pytest.mark.parametrize("mode", [0, 0o400])
def test_a_folder_without_permission(tree: Tree, user: User, place: Path, mode: int) -> None:
    source = submission(place / "mine")
    user.own(source)
    source.chmod(mode)
    done = graded(tree, f"--src={source}", **user.options)
    one_line(done, 2, "Permission denied")
    source.chmod(0o700)


def test_an_unknown_lab(tree: Tree) -> None:
    one_line(tree.run("grade", "--lab=nothing"), 2, "no lab is called 'nothing'")


def test_a_manifest_with_a_mistake(tmp_path: Path) -> None:
    tree = plant(tmp_path)
    manifest = tree.root / "labs/demo/lab.toml"
    manifest.write_text(manifest.read_text("utf-8").replace("points = 60", "points = 61"), "utf-8")
    done = tree.run("grade", "--lab=demo", "--src=solutions/demo")
    one_line(done, 2, "labs/demo/lab.toml:")


# -- what the machine lacks: status 3, or a mark that says so ----------------------------------


def result_of(tree: Tree, target: Path, *arguments: object, **options: Any) -> tuple[int, Any]:
    """Grade with --json; return the exit status and the result."""
    done = graded(tree, f"--json={target}", *arguments, **options)
    assert done.stderr == ""
    return done.returncode, json.loads(target.read_text("utf-8"))


@pytest.mark.parametrize(("program", "package"), [("gcc", "gcc"), ("make", "make")])
def test_without_a_program(tree: Tree, program: str, package: str) -> None:
    done = graded(tree, before=without(f"/usr/bin/{program}"))
    one_line(done, 3, f"missing {program}: apt-get install {package}")


@pytest.mark.parametrize("module", ["pytest", "rich", "seccomp"])
def test_without_a_module(tree: Tree, module: str) -> None:
    done = graded(tree, before=without_module(module))
    one_line(done, 3, f"missing {module}: apt-get install python3-{module}")


def test_the_other_verbs_without_rich(tree: Tree) -> None:
    command = [*without_module("rich"), *tree.command("list")]
    done = subprocess.run(command, cwd=tree.root, capture_output=True, text=True, check=False)
    if "setting up uid map" in done.stderr:
        pytest.skip("this machine lets nobody alter what a command sees")
    one_line(done, 3, "missing rich: apt-get install python3-rich")


@pytest.mark.parametrize("size", [4 << 10, 24 << 10, 60 << 20])
def test_a_full_disk(tree: Tree, place: Path, size: int) -> None:
    """Nothing that a full disk prevents may look like a mistake of the program."""
    place.chmod(0o1777)
    env = environment() | {"TMPDIR": str(place)}
    one_line(graded(tree, before=small_disk(place, size), env=env), 3, "No space left on device")


def test_a_limit_of_the_file_size(tree: Tree) -> None:
    limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (9000, 9000))
    done = graded(tree, preexec_fn=limit)
    assert done.returncode == 3 and "does not compile" not in done.stdout
    assert graded(tree).returncode == 0  # and it has left no half of a file in the tree


def test_without_user_namespaces(tree: Tree, tmp_path: Path) -> None:
    deny_them = partial(deny, "user namespaces")
    status, result = result_of(tree, tmp_path / "result.json", preexec_fn=deny_them)
    assert (status, result["score"], result["isolation"]) == (0, 100, "none")
    (note,) = result["notes"]
    assert note.startswith("isolation none: bwrap: ") and "\n" not in note


def test_without_bwrap(tree: Tree, tmp_path: Path) -> None:
    before = without("/usr/bin/bwrap")
    status, result = result_of(tree, tmp_path / "result.json", before=before)
    assert (status, result["score"], result["isolation"]) == (0, 100, "none")
    assert result["notes"][0].startswith("isolation none: bwrap: ")


def traced(tree: Tree, target: Path, **options: Any) -> tuple[int, Any]:
    """Grade one check of lab epoll that reads a trace."""
    arguments = ("--lab=epoll", "--src=solutions/epoll", "--check=epoll.used")
    return result_of(tree, target, *arguments, **options)


def test_without_strace(tree: Tree, tmp_path: Path) -> None:
    status, result = traced(tree, tmp_path / "result.json", before=without("/usr/bin/strace"))
    assert (status, result["checks"][0]["verdict"]) == (3, "inconclusive")
    assert "strace" in result["checks"][0]["reason"]


def test_without_the_right_to_trace(tree: Tree, tmp_path: Path) -> None:
    status, result = traced(tree, tmp_path / "result.json", preexec_fn=partial(deny, "ptrace"))
    assert (status, result["checks"][0]["verdict"]) == (3, "inconclusive")
    assert "trace" in result["checks"][0]["reason"]


def few_descriptors() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))


def test_a_limit_of_256_descriptors(tree: Tree, tmp_path: Path) -> None:
    target = tmp_path / "result.json"
    status, result = result_of(tree, target, preexec_fn=few_descriptors)
    assert (status, result["score"]) == (0, 100)
    arguments = ("--lab=epoll", "--src=solutions/epoll", "--check=load.ladder")
    status, result = result_of(tree, target, *arguments, preexec_fn=few_descriptors)
    assert (status, result["checks"][0]["verdict"]) == (3, "inconclusive")
    assert "descriptors" in result["checks"][0]["reason"]


def test_a_limit_of_processes(tree: Tree, user: User) -> None:
    limit = partial(resource.setrlimit, resource.RLIMIT_NPROC, (1, 1))
    done = graded(tree, preexec_fn=limit, **user.options)
    assert done.returncode == 3 and done.stderr.count("\n") <= 1


def test_a_tree_that_cannot_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    tree = plant(tmp_path)
    before = altered("--ro-bind", str(tree.root), str(tree.root))
    assert graded(tree, before=before).returncode == 0  # everything is there already
    (tree.root / "build/tools/gate").unlink()
    one_line(graded(tree, before=before), 3, "the grader's tools cannot be built: ")


@pytest.mark.skipif(not Path("/usr/bin/unshare").exists(), reason="no unshare(1)")
def test_a_root_who_is_nobody_else(tree: Tree, user: User) -> None:
    """Root of a user namespace with one user, as in some containers, cannot become another."""
    before = ["/usr/bin/unshare", "--user", "--map-root-user"]
    done = graded(tree, before=before, **user.options)
    if done.stderr.startswith("unshare: "):
        pytest.skip(done.stderr)
    assert (done.returncode, done.stderr) == (0, "")
