"""`pack`, `release` and `clean`: what is in the archives, and what stays in the tree."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from grader import archive, paths
from grader.archive import Member
from grader.selftest.trees import HELLO, Tree, plant, submission, write
from grader.verbs import release


@pytest.fixture(name="own")
def _own(tmp_path: Path) -> Tree:
    """A tree of this test's own, to be changed."""
    tmp_path.chmod(0o755)
    return plant(tmp_path)


def unpacked(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as opened:
        return {m.name: opened.extractfile(m).read() for m in opened}  # type: ignore[union-attr]


# -- pack --------------------------------------------------------------------------------------


def test_pack(own: Tree) -> None:
    write(own.root / "labs/demo/hello.c", HELLO)
    write(own.root / "labs/demo/hello_more.c", "int more;\n")
    write(own.root / "labs/demo/secret.txt", "not asked for")
    done = own.run("pack", "--lab=demo")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("demo.tar.gz: hello.c, hello_more.c\nno result in it: ")
    expected = {"demo/hello.c": HELLO.encode(), "demo/hello_more.c": b"int more;\n"}
    assert unpacked(own.root / "demo.tar.gz") == expected


def test_pack_takes_the_result_along(own: Tree) -> None:
    name = write(own.root / "labs/demo/hello.c", HELLO)
    assert own.run("grade", "--lab=demo").returncode == 0
    done = own.run("pack", "--lab=demo")
    assert done.stdout == "demo.tar.gz: hello.c, result.json\n"
    assert json.loads(unpacked(own.root / "demo.tar.gz")["demo/result.json"])["score"] == 100
    later = (own.root / ".syslabs/demo.json").stat().st_mtime + 10
    os.utime(name, (later, later))
    assert "the result is older than the files" in own.run("pack", "--lab=demo").stdout


def test_pack_takes_no_result_of_another_folder(own: Tree, tmp_path: Path) -> None:
    assert own.run("grade", "--lab=demo", "--src=solutions/demo").returncode == 0
    done = own.run("pack", "--lab=demo", f"--src={submission(tmp_path / 'mine')}")
    assert "no result in it" in done.stdout


@pytest.mark.parametrize("output", ["no/such/folder/x.tar.gz", "labs"])
def test_pack_into_nowhere(own: Tree, output: str) -> None:
    done = own.run("pack", "--lab=demo", f"--output={output}")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith(f"syslabs: cannot write {output}: ")


def test_pack_of_what_cannot_be_graded(own: Tree, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    done = own.run("pack", "--lab=demo", f"--src={tmp_path / 'mine'}")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert not (own.root / "demo.tar.gz").exists()


def test_archives_are_written_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "x.tar.gz"
    target.write_text("the old one")

    class Broken(Member):
        @property
        def executable(self) -> Any:  # type: ignore[override]
            raise OSError(28, "No space left on device")

    with pytest.raises((OSError, AttributeError)):
        archive.write({"a": Member(b"x", 0), "b": Broken(b"y", 0)}, target)
    assert target.read_text() == "the old one" and os.listdir(tmp_path) == ["x.tar.gz"]


def test_members_keep_time_and_right_to_execute(tmp_path: Path) -> None:
    script = write(tmp_path / "script", "#!/bin/sh\n")
    script.chmod(0o700)
    archive.write({"s": archive.member(script), "t": Member(b"x", 7)}, tmp_path / "x.tar.gz")
    with tarfile.open(tmp_path / "x.tar.gz") as opened:
        found = {entry.name: (entry.mode, entry.uid, entry.uname) for entry in opened}
        assert opened.getmember("t").mtime == 7
    assert found == {"s": (0o755, 0, ""), "t": (0o644, 0, "")}


# -- release -----------------------------------------------------------------------------------


@pytest.fixture(name="bundle", scope="module")
def _bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The student bundle, unpacked."""
    if not (paths.ROOT / ".git").exists():
        pytest.skip("no checkout of the repository")
    folder = tmp_path_factory.mktemp("bundle")
    for path in (folder, folder.parent):
        path.chmod(0o755)
    names = [name for name in release.tracked() if not release.withheld(name)]
    release.write_bundle(
        [name for name in names if (paths.ROOT / name).exists()], folder / "b.tar.gz"
    )
    with tarfile.open(folder / "b.tar.gz") as opened:
        opened.extractall(folder)
    assert sorted(os.listdir(folder)) == ["b.tar.gz", "syslabs"]
    return folder / "syslabs"


def test_the_bundle_gives_nothing_away(bundle: Path) -> None:
    names = [str(path.relative_to(bundle)) for path in bundle.rglob("*") if path.is_file()]
    assert len(names) > 50
    for name in names:
        assert not name.startswith(("solutions/", "grader/selftest/", ".ci/"))
        assert not name.endswith(".patch")
        assert not {"mutants", "alternatives", "hostile", "build", ".git"} & set(Path(name).parts)
    answers = {path.read_bytes() for path in paths.SOLUTIONS.rglob("*.[ch]")}
    assert not [name for name in names if (bundle / name).read_bytes() in answers]


def test_the_bundle_is_complete(bundle: Path) -> None:
    for name in ("Makefile", "LICENSE", "README.md", "labs/epoll/lab.toml", "grader/setup.sh"):
        assert (bundle / name).exists()
    assert os.access(bundle / "grader/setup.sh", os.R_OK)


def test_students_verbs_work_in_the_bundle(bundle: Path) -> None:
    tree = Tree(bundle)
    shutil.copytree(paths.TOOLS, bundle / "build/tools", dirs_exist_ok=True)
    done = tree.run("grade", "--lab=epoll")
    assert done.returncode == 1 and done.stderr == "", done  # the skeleton: marks are missing
    for arguments, said in (
        (("list",), "epoll"),
        (("hint", "--lab=epoll", "--check=echo.basic"), "hint"),
        (("replay", "--lab=epoll", "--check=echo.basic", "--seed=1"), "seed 1"),
        (("pack", "--lab=epoll"), "result.json"),
        (("doctor",), "can be graded here"),
        (("clean",), ""),
    ):
        done = tree.run(*arguments)
        assert said in done.stdout and "Traceback" not in done.stderr, done
        assert done.returncode in ((0, 3) if arguments[0] == "doctor" else (0, 1)), done


@pytest.mark.parametrize("verb", ["selftest", "soak"])
def test_instructors_verbs_say_what_is_missing(bundle: Path, verb: str) -> None:
    done = Tree(bundle).run(verb, "--lab=epoll")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done
    assert "solutions/epoll" in done.stderr


def test_release_where_there_is_no_repository(own: Tree) -> None:
    done = own.run("release")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "is no checkout of the repository" in done.stderr


def test_release_as_a_verb(tmp_path: Path) -> None:
    if not (paths.ROOT / ".git").exists():
        pytest.skip("no checkout of the repository")
    copy = tmp_path / "checkout"
    shared = ["git", "-c", "safe.directory=*", "clone", "-q", "--shared"]
    subprocess.run([*shared, str(paths.ROOT), str(copy)], check=True, capture_output=True)
    done = Tree(copy).run("release")
    assert done.returncode == 0, done
    assert "build/syslabs.tar.gz: " in done.stdout and " files, " in done.stdout
    assert (copy / "build/syslabs.tar.gz").exists()


@pytest.mark.parametrize(
    ("name", "kept_back"),
    [
        ("solutions/epoll/echo_server.c", True),
        ("grader/checks/epoll/mutants/x.patch", True),
        ("grader/checks/epoll/alternatives/tiny/echo_server.c", True),
        ("grader/checks/hostile/x.py", True),
        ("grader/selftest/test_cli.py", True),
        ("grader/checks/epoll/test_echo.py", False),
        ("labs/epoll/echo_server.c", False),
        ("labs/alternatives.md", False),
    ],
)
def test_what_is_withheld(name: str, kept_back: bool) -> None:
    assert release.withheld(name) is kept_back


# -- clean -------------------------------------------------------------------------------------


def test_clean_takes_products_and_leaves_work(own: Tree) -> None:
    write(own.root / "labs/demo/hello.c", HELLO)
    shutil.copy("/bin/true", own.root / "labs/demo/hello")
    shutil.copy("/bin/true", own.root / "labs/demo/hello.o")
    kept = ("labs/demo/notes", ".syslabs/demo.json", "demo.tar.gz", "labs/demo/hello.c")
    for name in kept[:3]:
        write(own.root / name, "mine")
    gone = ("labs/demo/hello", "labs/demo/hello.o", "build", ".mypy_cache", "grader/__pycache__")
    for name in gone[3:]:
        write(own.root / name / "x", "")
    assert own.run("clean").returncode == 0
    assert [name for name in gone[:4] if (own.root / name).exists()] == []
    assert [name for name in kept if not (own.root / name).exists()] == []
    assert own.run("clean").returncode == 0
