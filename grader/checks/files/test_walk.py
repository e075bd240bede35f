"""The walk itself: every entry once, as find sees it."""

from __future__ import annotations

import os
from pathlib import Path

from grader.checks.files.compare import compare, expect_status
from grader.checks.files.untyped import expect_types_unknown
from grader.checks.files.plant import planted
from grader.checks.files.walker import ended, forest, with_descriptors
from grader.outcome import Failed, check
from grader.run import Run
from grader.tree import DEVICE, FIFO, SOCKET, Tree, deep_tree, random_tree

SIZE = 260  # entries of a random tree
DEPTH = 2000
LONG_NAMES = (22, 190, 250)  # depth, bytes of a name
WIDE, FOLDERS = 50_000, 10_000
FEW = 32  # descriptors
USAGE = (("-j", "x"), ("-j", "0"), ("-j", "3x"), ("-q",), ())


@check("walk.same_as_find")
def test_same(run: Run) -> None:
    """Walk random trees (hidden files, blanks and line breaks in names, names that are no UTF-8, FIFOs,
    sockets, sparse files, empty folders) and compare each line with find's."""
    folder = run.scratch("trees")
    folder.mkdir()
    tree = random_tree(folder / "tree", run.random, SIZE)
    random_tree(folder / "breaks", run.random, SIZE, line_breaks=True)
    file = tree.file(b"one file", 7)
    with forest(run, folder) as woods:
        compare(woods)
        compare(woods, "-0", roots=("breaks",))
        compare(woods, "-0", "-j", "2", roots=("breaks", "tree"))
        compare(woods, roots=("tree/", f"tree/{os.fsdecode(file)}", "./tree/.hidden"))
        expect_types_unknown(woods, tree)


@check("walk.symlinks")
def test_symlinks(run: Run) -> None:
    """Walk a tree with dangling links, links to themselves, in a ring, to folders, upwards and out of the
    tree, and a link as DIR."""
    tree = Tree.make(_folder(run) / "tree")
    tree.folder(b"inside")
    tree.folder(b"inside/more")
    tree.file(b"inside/file", 5)
    outside = Tree.make(tree.parent / "outside")
    outside.file(b"not to be seen")
    links = {
        b"dangling": b"nothing here",
        b"self": b"self",
        b"ring1": b"ring2",
        b"ring2": b"ring1",
        b"up": b"..",
        b"inside/more/top": b"../..",
        b"folder": b"inside",
        b"file": b"inside/file",
        b"out": b"../outside",
        b"absolute": outside.path(b""),
        b"no place": b"x" * run.random.randint(300, 3000),
    }
    for name, target in links.items():
        tree.link(name, target)
    with forest(run, tree.parent) as woods:
        compare(woods)
        compare(woods, "-j", "2")
        compare(woods, roots=("tree/folder", "tree/dangling", "tree/inside"))


@check("walk.hardlinks")
def test_hardlinks(run: Run) -> None:
    """Walk a tree in which files have several names: each name is shown, with the same inode."""
    tree = Tree.make(_folder(run) / "tree")
    for number in range(4):
        tree.folder(b"d%d" % number)
        tree.file(b"d%d/file" % number, run.random.randrange(1 << 16))
    fifo = tree.node(b"fifo", FIFO)
    for number in range(20):
        other = b"d%d/file" % run.random.randrange(4)
        tree.hard_link(b"d%d/name%d" % (run.random.randrange(4), number), other)
    if fifo:
        tree.hard_link(b"d1/fifo too", fifo)
    with forest(run, tree.parent) as woods:
        compare(woods)
        compare(woods, "-j", "2")


@check("walk.deep")
def test_deep(run: Run) -> None:
    """Walk folders in one another, 2,000 deep with short names and 22 with long ones: the path at the bottom is
    longer than PATH_MAX."""
    tree = deep_tree(_folder(run) / "tree", run.random, DEPTH)
    deep_tree(tree.parent / "long", run.random, *LONG_NAMES)
    with forest(run, tree.parent) as woods:
        compare(woods, roots=("tree", "long"), big=True)
        compare(woods, "-j", "2", roots=("long",), big=True)


@check("walk.wide")
def test_wide(run: Run) -> None:
    """Walk 50,000 files in one folder, and 10,000 folders in one, with 32 descriptors at the most."""
    limits = with_descriptors(run.limits, FEW)
    with planted(run) as woods:
        woods.plant("wide", 0, 0, WIDE)
        woods.plant("tree", 0, FOLDERS, 1)
        compare(woods.forest, roots=("wide", "tree"), limits=limits, big=True)
        compare(woods.forest, "-j", "4", limits=limits, big=True)


@check("modes.all")
def test_modes(run: Run) -> None:
    """Give files, folders, FIFOs, sockets and a device all sorts of modes, each of the twelve bits on and off,
    and compare the letters."""
    tree = Tree.make(_folder(run) / "tree")
    old = tree.file(b"file")
    tree.link(b"link", old)
    tree.node(b"device", DEVICE, 0o7421)
    for mode in _modes(run):
        tree.file(b"file%04o" % mode, 0, mode)
        tree.folder(b"folder%04o" % mode, mode)
        for kind in (FIFO, SOCKET):
            tree.node(b"%s%04o" % (kind.encode(), mode), kind, mode)
    with forest(run, tree.parent) as woods:
        compare(woods)


def _modes(run: Run) -> list[int]:
    """Each special bit with each x, each bit alone and each missing, and some by chance."""
    special = [high | x for high in range(0, 0o10000, 0o1000) for x in (0, 0o1, 0o10, 0o100, 0o111)]
    single = [mode for bit in range(12) for mode in (1 << bit, 0o7777 ^ 1 << bit)]
    return sorted({*special, *single, *run.random.sample(range(0o10000), 60)})


@check("args.usage")
def test_usage(run: Run) -> None:
    """Call it without DIR, with an unknown option, and with -j and something that is no number of threads."""
    tree = Tree.make(_folder(run) / "tree")
    with forest(run, tree.parent) as woods:
        for args in USAGE:
            roots = ("tree",) if args else ()
            walk = woods.walk(*args, *roots)
            ended(walk)
            expect_status(walk, 2)
            if walk.data:
                observed = f"{walk.command}: prints {len(walk.data)} bytes on stdout"
                raise Failed(observed, expected="a message on stderr, and nothing else")
        walk = woods.walk("tree", "no such folder")
        ended(walk)
        expect_status(walk, 1)


def _folder(run: Run) -> Path:
    """A folder of this check's own, for its trees."""
    folder = run.scratch("trees")
    folder.mkdir()
    return folder
