"""File operations that a seed determines, and the events that each of them must give."""

from __future__ import annotations

import os
from collections import defaultdict
from itertools import groupby
from pathlib import Path
from random import Random

NAMES = (
    b"plain",
    b"two words",
    b"line\nbreak",
    "déjà".encode(),
    b"back\\slash",
    b"%s%n",
    b"\xff\xfe",
)


class History:
    """Works in a folder and remembers the events by path, as the service names it.

    outside: the folder by which this side reaches `inside`.
    """

    def __init__(self, random: Random, outside: Path, inside: bytes):
        self._random = random
        self._outside = os.fsencode(outside)
        self._inside = inside
        self.events: dict[bytes, list[str]] = defaultdict(list)
        self.count = 0
        self.files: list[bytes] = []
        self.folders: list[bytes] = [b""]
        self._number = 0

    def path(self, name: bytes) -> bytes:
        """Return a name below the folder as the service names it."""
        return self._inside + name

    def _at(self, name: bytes) -> bytes:
        return self._outside + name

    def _note(self, name: bytes, *events: str) -> None:
        self.events[self.path(name)] += events
        self.count += 1

    def fresh(self) -> bytes:
        """Return a name that was never used, in one of the folders."""
        self._number += 1
        kind = self._random.choice(NAMES)
        return b"%s/%s-%d" % (self._random.choice(self.folders), kind, self._number)

    # -- operations ------------------------------------------------------------------------------

    def folder(self, name: bytes) -> None:
        """Make a folder."""
        os.mkdir(self._at(name))
        self._note(name, "CREATE")
        self.folders.append(name)

    def create(self) -> None:
        """Make an empty file."""
        name = self.fresh()
        os.close(os.open(self._at(name), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))
        self._note(name, "CREATE")
        self.files.append(name)

    def link(self) -> None:
        """Make a symbolic link to a folder: it is an entry, and not to be followed."""
        name = self.fresh()
        os.symlink(b"/tmp", self._at(name))
        self._note(name, "CREATE")

    def write(self) -> None:
        """Add to a file."""
        name = self._random.choice(self.files)
        with open(self._at(name), "ab") as file:
            file.write(b"x" * 10)
        self._note(name, "MODIFY")

    def chmod(self) -> None:
        """Change the mode of a file."""
        name = self._random.choice(self.files)
        os.chmod(self._at(name), self._random.choice((0o600, 0o640, 0o666)))
        self._note(name, "ATTRIB")

    def delete(self) -> None:
        """Remove a file."""
        name = self.files.pop(self._random.randrange(len(self.files)))
        os.unlink(self._at(name))
        self._note(name, "DELETE")

    def move(self) -> None:
        """Move a file to a new name, often in another folder."""
        place = self._random.randrange(len(self.files))
        old, new = self.files[place], self.fresh()
        os.rename(self._at(old), self._at(new))
        self._note(old, "MOVED_FROM")
        self._note(new, "MOVED_TO")
        self.files[place] = new

    def move_folder(self, old: bytes, new: bytes) -> None:
        """Move a folder with all that is in it."""
        os.rename(self._at(old), self._at(new))
        self._note(old, "MOVED_FROM")
        self._note(new, "MOVED_TO")
        self.folders = [_renamed(name, old, new) for name in self.folders]
        self.files = [_renamed(name, old, new) for name in self.files]

    def operate(self, count: int) -> None:
        """Do something `count` times."""
        others = (
            self.create,
            self.write,
            self.write,
            self.chmod,
            self.move,
            self.delete,
            self.link,
        )
        for _ in range(count):
            few = len(self.files) < 20
            (self.create if few else self._random.choice(others))()


def _renamed(name: bytes, old: bytes, new: bytes) -> bytes:
    inside = name == old or name.startswith(old + b"/")
    return new + name[len(old) :] if inside else name


def merged(events: list[str]) -> list[str]:
    """Return events with equal neighbours taken as one: the kernel merges them too, where it can."""
    return [event for event, _ in groupby(events)]
