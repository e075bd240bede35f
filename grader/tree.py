"""Trees of files for tests: made from a seed in a scratch folder, with every type that one may make.

Every name is relative to the tree's root and is bytes, since a name is bytes. Deep trees are made
relative to descriptors: no path that a call gets is longer than one name. grader/worker.py removes
them (rm(1) copes with any depth, shutil.rmtree does not).
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

FOLDER, FILE, LINK, FIFO, SOCKET, DEVICE = "folder", "file", "link", "fifo", "socket", "device"
NODES = {FIFO: stat.S_IFIFO, SOCKET: stat.S_IFSOCK, DEVICE: stat.S_IFCHR}
LONGEST = 255  # bytes of a name (NAME_MAX)
HUGE = 5 << 30  # bytes of a sparse file: more than 32 bits hold
ODD_NAMES = (
    *(b".hidden", b"..two", b"...", b".profile d", b" ", b"a b", b"tab\there", b"-j", b"--"),
    *(b"quote'\"", b"back\\slash", b"%s%n", b"star*", b"caf\xc3\xa9", b"\xff\xfe\x80", b"$HOME"),
)
LINE_BREAKS = (b"two\nlines", b"\n", b"1 -rw-r--r-- 1 forged\n2 drwxr-xr-x 2 line")
MODES = (0o644, 0o600, 0o755, 0o4755, 0o2711, 0o666, 0o400)
FOLDER_MODES = (0o755, 0o700, 0o1777, 0o2755, 0o555)


@dataclass
class Tree:
    """A tree under `root`; `kinds` maps the name of each entry, root (b"") included, to its kind."""

    root: Path
    kinds: dict[bytes, str] = field(default_factory=dict)

    @classmethod
    def make(cls, root: Path, mode: int = 0o755) -> Tree:
        """Make the folder `root`, which must not exist, and return it as a tree."""
        root.mkdir()
        root.chmod(mode)
        return cls(root, {b"": FOLDER})

    @property
    def parent(self) -> Path:
        """The folder that holds the tree and nothing else that matters."""
        return self.root.parent

    @property
    def entries(self) -> int:
        """How many entries there are, the root included."""
        return len(self.kinds)

    def names(self, kind: str) -> list[bytes]:
        """Return the names of all entries of a kind."""
        return [name for name, each in self.kinds.items() if each == kind]

    def path(self, name: bytes) -> bytes:
        """Return the absolute path of an entry."""
        return os.path.join(os.fsencode(self.root), name) if name else os.fsencode(self.root)

    # -- entries -------------------------------------------------------------------------------

    def folder(self, name: bytes, mode: int = 0o755) -> bytes:
        """Make a folder and return its name."""
        os.mkdir(self.path(name))
        os.chmod(self.path(name), mode)
        self.kinds[name] = FOLDER
        return name

    def file(self, name: bytes, size: int = 0, mode: int = 0o644) -> bytes:
        """Make a regular file of `size` bytes, all of them a hole, and return its name."""
        descriptor = os.open(self.path(name), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        os.truncate(descriptor, size)
        os.fchmod(descriptor, mode)  # last: a write may clear the set-user-ID bit
        os.close(descriptor)
        self.kinds[name] = FILE
        return name

    def link(self, name: bytes, target: bytes) -> bytes:
        """Make a symbolic link and return its name."""
        os.symlink(target, self.path(name))
        self.kinds[name] = LINK
        return name

    def hard_link(self, name: bytes, other: bytes) -> bytes:
        """Give the entry `other` a second name and return that."""
        os.link(self.path(other), self.path(name), follow_symlinks=False)
        self.kinds[name] = self.kinds[other]
        return name

    def node(self, name: bytes, kind: str, mode: int = 0o644) -> bytes | None:
        """Make a FIFO, a socket or a device; None where the file system or the kernel refuses.

        The device is 0:0, the only one that needs no privilege (mknod(2), whiteouts).
        """
        try:
            os.mknod(self.path(name), NODES[kind] | 0o600, 0)
            os.chmod(self.path(name), mode)
        except OSError:
            return None
        self.kinds[name] = kind
        return name

    def chmod(self, name: bytes, mode: int) -> None:
        """Set all twelve mode bits of an entry."""
        os.chmod(self.path(name), mode)


def random_tree(root: Path, random: Random, size: int, line_breaks: bool = False) -> Tree:
    """Make a tree of about `size` entries of all kinds, with odd names, holes and empty folders.

    Every folder can be read, links lead to names that exist only sometimes and never to a folder.
    """
    tree = Tree.make(root)
    odd = list(ODD_NAMES + (LINE_BREAKS if line_breaks else ()))
    folders = [b""]
    for number in range(size):
        name = _name(random, number, odd)
        kind = FOLDER if number < 3 else _kind(random)
        made = _make(tree, random, os.path.join(random.choice(folders[-12:]), name), kind)
        if made is not None and kind == FOLDER and random.random() < 0.8:
            folders.append(made)
    return tree


def _name(random: Random, number: int, odd: list[bytes]) -> bytes:
    """A new name; each odd one is used with a number behind it, or before it, and once as it is."""
    if number < len(odd):
        return odd[number]
    draw = random.random()
    if draw < 0.02:
        return b"%d" % number + b"x" * (LONGEST - len(b"%d" % number))
    if draw < 0.3:
        return random.choice((b"%s%d", b".%s%d")) % (random.choice(odd), number)
    return b"%s%d" % (random.choice((b"file", b"F", b".f", b"z")), number)


def _kind(random: Random) -> str:
    weights = {FILE: 45, FOLDER: 30, LINK: 8, FIFO: 7, SOCKET: 7, DEVICE: 3}
    return random.choices(list(weights), list(weights.values()))[0]


def _make(tree: Tree, random: Random, name: bytes, kind: str) -> bytes | None:
    if kind == FOLDER:
        return tree.folder(name, random.choice(FOLDER_MODES[:4]))
    if kind == LINK:
        return tree.link(name, random.choice(tree.names(FILE) or [b"nowhere"]))
    mode = random.choice(MODES)
    if kind == FILE:
        size = random.choice((0, 1, random.randrange(1 << 20), HUGE + random.randrange(1 << 20)))
        return tree.file(name, size, mode)
    return tree.node(name, kind, mode)


def deep_tree(root: Path, random: Random, depth: int, shortest: int = 1, longest: int = 3) -> Tree:
    """Make folders in one another, `depth` deep, a file here and there and one at the bottom.

    Their names have from `shortest` to `longest` bytes, or two more.
    """
    tree = Tree.make(root)
    at, path = os.open(root, os.O_RDONLY | os.O_DIRECTORY), b""
    for level in range(depth):
        name = bytes(random.choices(b"abcdefgh", k=random.randint(shortest, longest)))
        name = b"..%s" % name if level % 9 == 0 else name
        os.mkdir(name, 0o755, dir_fd=at)
        if level % 400 == 0 or level == depth - 1:
            os.mknod(b"file", stat.S_IFREG | 0o644, dir_fd=at)
            tree.kinds[os.path.join(path, b"file")] = FILE
        inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY, dir_fd=at)
        os.close(at)
        at, path = inner, os.path.join(path, name)
        tree.kinds[path] = FOLDER
    os.close(at)
    return tree
