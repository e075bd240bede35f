"""Trees for tests, and the pipe through which a program's output is read."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from random import Random

import pytest

from grader.pipe import Pipe
from grader.strace.faults import Fault
from grader.tree import FIFO, FILE, FOLDER, LINK, SOCKET, Tree, deep_tree, random_tree
from grader.worker import remove_tree


def test_the_same_seed_makes_the_same_tree(tmp_path: Path) -> None:
    first = random_tree(tmp_path / "a", Random(7), 120, line_breaks=True)
    second = random_tree(tmp_path / "b", Random(7), 120, line_breaks=True)
    assert first.kinds == second.kinds
    assert random_tree(tmp_path / "c", Random(8), 120).kinds != first.kinds


def test_a_random_tree_has_what_unprivileged_users_can_make(tmp_path: Path) -> None:
    tree = random_tree(tmp_path / "tree", Random(1), 260, line_breaks=True)
    assert all(tree.names(kind) for kind in (FOLDER, FILE, LINK, FIFO, SOCKET))
    assert any(b"\n" in name for name in tree.kinds)
    assert any(os.path.basename(name).startswith(b".") for name in tree.kinds)


def test_kinds_and_modes_are_those_of_the_file_system(tmp_path: Path) -> None:
    tree = Tree.make(tmp_path / "tree")
    tree.file(b"file", 10, 0o4751)
    tree.hard_link(b"second", b"file")
    tree.node(b"fifo", FIFO, 0o1700)
    status = os.lstat(tree.path(b"file"))
    assert stat.S_IMODE(status.st_mode) == 0o4751 and status.st_size == 10
    assert os.lstat(tree.path(b"second")).st_ino == status.st_ino
    assert stat.S_ISFIFO(os.lstat(tree.path(b"fifo")).st_mode)
    assert tree.entries == 4


def test_a_deep_tree_is_deeper_than_a_path_and_can_be_removed(tmp_path: Path) -> None:
    folder = tmp_path / "trees"
    folder.mkdir()
    tree = deep_tree(folder / "tree", Random(1), 22, 190, 250)
    assert max(map(len, tree.kinds)) > 4096
    remove_tree(folder)
    assert not folder.exists()


def test_a_pipe_gives_all_up_to_the_end() -> None:
    with Pipe(4096) as pipe:
        os.write(pipe.write_end, b"abc")
        output = pipe.read(1.0, 100)
    assert output.data == b"abc" and output.whole and not output.flooded


def test_a_pipe_ends_at_its_limits() -> None:
    with Pipe() as pipe:
        held = os.dup(pipe.write_end)
        os.write(held, b"x" * 5000)
        flooded = pipe.read(1.0, 1000, at_once=500)
        late = pipe.read(0.01, 10_000)
        os.close(held)
    assert flooded.flooded and not flooded.whole
    assert not late.flooded and not late.whole


@pytest.mark.parametrize(
    "poke, wanted", [("@arg2=00ff", "inject=?read:poke_exit=@arg2=00ff:when=1")]
)
def test_a_fault_can_rewrite_memory(poke: str, wanted: str) -> None:
    assert Fault("read", poke=poke).expression() == wanted
