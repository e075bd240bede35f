"""`batch`: what it hands on, how it goes on after it was killed, what it grades again."""

from __future__ import annotations

import csv
import json
import os
import select
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from grader.selftest.trees import HELLO, Tree, environment, plant, submission, write
from grader.worker import remove_tree

WRONG = HELLO.replace('"hello"', '"good day"')
SLOW = HELLO.replace(
    "    puts", "    for (volatile long i = 0; i < 50000000; i++)\n        ;\n    puts"
)
BROKEN = "int main(void) { return 0 }\n"


@pytest.fixture(name="own")
def _own() -> Iterator[Tree]:
    """A tree of this test's own."""
    folder = Path(tempfile.mkdtemp(prefix="batch-"))
    yield plant(folder)
    remove_tree(folder)


def handed_in(tree: Tree, **programs: str) -> Path:
    """Make a folder of submissions of lab demo."""
    folder = tree.root / "in"
    for name, text in programs.items():
        submission(folder / name, text)
    return folder


def batch(tree: Tree, *options: str, **more: Any) -> subprocess.CompletedProcess[str]:
    return tree.run(*command(tree), *options, **more)


def command(tree: Tree) -> tuple[str, ...]:
    return ("batch", "--lab=demo", "--in=in", "--out=out", "--no-container", "--seed=7")


def marks(tree: Tree, out: str = "out") -> dict[str, str]:
    with (tree.root / out / "grades.csv").open(newline="") as file:
        return {row["submission"]: row["score"] or row["status"] for row in csv.DictReader(file)}


def result(tree: Tree, label: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((tree.root / "out" / label / "result.json").read_text())
    return found


def test_a_class_is_graded(own: Tree) -> None:
    handed_in(own, ann=HELLO, bob=WRONG, cid=BROKEN)
    (own.root / "in/dora.zip").write_bytes(b"PK")
    done = batch(own)
    assert done.returncode == 0 and "NO CONTAINER" in done.stderr, done
    assert marks(own) == {"ann": "100", "bob": "10", "cid": "0", "dora": "0"}
    assert result(own, "dora")["status"] == "rejected"
    assert result(own, "ann")["submission"] == "ann" and result(own, "ann")["seed"] == 7
    for said in ("4 submissions: 3 graded, 1 rejected", "hello.says", "not a whole zip"):
        assert said in done.stdout, done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_what_is_known_is_not_graded_again(own: Tree) -> None:
    handed_in(own, ann=HELLO, bob=WRONG)
    batch(own)
    started = {label: result(own, label)["duration"] for label in ("ann", "bob")}
    write(own.root / "in/bob/hello.c", HELLO)
    batch(own)
    assert marks(own) == {"ann": "100", "bob": "100"}
    assert result(own, "ann")["duration"] == started["ann"]
    assert result(own, "bob")["duration"] != started["bob"]


def test_another_version_of_the_lab_grades_all_again(own: Tree) -> None:
    handed_in(own, ann=HELLO)
    batch(own)
    before = result(own, "ann")["duration"]
    manifest = own.root / "labs/demo/lab.toml"
    write(manifest, manifest.read_text().replace('version = "7"', 'version = "8"'))
    batch(own)
    assert result(own, "ann")["lab_version"] == "8" and result(own, "ann")["duration"] != before


def test_a_dry_run_changes_nothing(own: Tree) -> None:
    handed_in(own, ann=HELLO, bob=WRONG)
    batch(own)
    write(own.root / "in/bob/hello.c", HELLO)
    before = result(own, "bob")
    done = batch(own, "--dry-run")
    assert "1 of 2 marks would change" in done.stdout and "10/100 → 100/100" in done.stdout, done
    assert result(own, "bob") == before and marks(own)["bob"] == "10"
    batch(own)
    assert marks(own)["bob"] == "100"


@pytest.mark.parametrize(
    ("only", "again"), [("failed", "bob"), ("ungraded", "cid"), ("changed", "ann")]
)
def test_only(own: Tree, only: str, again: str) -> None:
    handed_in(own, ann=HELLO, bob=WRONG)
    batch(own)
    handed_in(own, cid=HELLO)
    write(own.root / "in/ann/hello.c", HELLO + "\n")
    done = batch(own, f"--only={only}")
    regraded = [name for name in ("ann", "bob", "cid") if f" {name} " in done.stdout]
    assert again in regraded and (only == "changed" or regraded == [again]), done.stdout


def killed(tree: Tree, number: int, lines: int) -> None:
    """Start a batch and kill it when so many submissions have their result."""
    process = subprocess.Popen(
        tree.command(*command(tree), "--jobs=2"),
        cwd=tree.root,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    seen = 0
    while seen < lines + 3 and select.select([process.stdout], [], [], 60)[0]:
        if not process.stdout.readline():
            break
        seen += 1
    process.send_signal(number)
    process.communicate(timeout=60)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_what_was_killed_goes_on(own: Tree, number: int) -> None:
    programs = {f"s{each}": (HELLO, WRONG)[each % 2] + f"/* {each} */\n" for each in range(6)}
    handed_in(own, **programs)
    for lines in (1, 2):
        killed(own, number, lines)
    cached = len(list((own.root / "out/.batch/cache").glob("*.json")))
    done = batch(own)
    assert done.returncode == 0, done
    assert (
        cached >= 2 and done.stdout.count(" 100/100 ") + done.stdout.count(" 10/100 ") <= 6 - cached
    )
    assert marks(own) == {
        name: "10" if text in (WRONG,) or "good" in text else "100"
        for name, text in programs.items()
    }
    assert not list((own.root / "out").rglob(".*.json.*")) and not _alive(own)
    word = (own.root / "out/.batch/name").read_text().strip()
    assert not list(Path(tempfile.gettempdir()).glob(f"syslabs-batch-{word}-*"))


def _alive(tree: Tree) -> list[str]:
    """Processes that still work for a tree, a moment after its batch was killed."""
    mine = os.fsencode(tree.root)
    pids = [name for name in os.listdir("/proc") if name.isdigit()]
    return [pid for pid in pids if mine in _environment(pid)]


def _environment(pid: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""


def test_two_batches_do_not_share_a_folder(own: Tree) -> None:
    handed_in(own, ann=SLOW)
    first = subprocess.Popen(
        own.command(*command(own)),
        cwd=own.root,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert first.stdout and first.stdout.readline()  # it has the folder by then
    second = batch(own)
    first.communicate(timeout=60)
    assert second.returncode == 3 and "another batch works on out" in second.stderr, second


def test_infrastructure_is_never_a_zero(own: Tree) -> None:
    handed_in(own, ann=HELLO)
    inside = own.root / "grader/batch/inside.py"
    write(
        inside,
        inside.read_text().replace("def main() -> int:", "def main() -> int:\n    return 5", 1),
    )
    done = batch(own)
    assert done.returncode == 3 and done.stdout.count("status 5") >= 3, done
    assert "attempt 3 of 3" in done.stdout and marks(own) == {"ann": "ungraded"}
    write(inside, inside.read_text().replace("\n    return 5", "", 1))
    assert batch(own, "--only=ungraded").returncode == 0 and marks(own) == {"ann": "100"}


@pytest.mark.parametrize(
    "answer",
    ['{"schema": 1, "score": 100}', "[]", "x" * (5 << 20), "", '{"schema": 1}' * 9],
    ids=["short", "list", "long", "nothing", "many"],
)
def test_what_is_no_result_is_not_believed(own: Tree, answer: str) -> None:
    handed_in(own, ann=HELLO)
    inside = own.root / "grader/batch/inside.py"
    forged = f"def main() -> int:\n    os.write(1, {answer[:20]!r}.encode() * {max(len(answer) // 20, 1)})\n    return 0"
    write(inside, inside.read_text().replace("def main() -> int:", forged, 1))
    assert batch(own).returncode == 3
    assert marks(own) == {"ann": "ungraded"}


def test_wrong_use(own: Tree) -> None:
    for options in (("--in=nowhere",), ("--in=in", "--part=none"), ("--in=in", "--check=none")):
        (own.root / "in").mkdir(exist_ok=True)
        done = own.run("batch", "--lab=demo", "--out=out", "--no-container", *options)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done


def test_without_an_engine(own: Tree) -> None:
    handed_in(own, ann=HELLO)
    bare = {**environment(), "PATH": "/nowhere"}
    done = own.run("batch", "--lab=demo", "--in=in", "--out=out", env=bare)
    assert done.returncode == 3 and "docker: not installed" in done.stderr, done
    assert "NO_CONTAINER=1" in done.stderr
