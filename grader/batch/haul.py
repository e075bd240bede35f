"""What is taken out of an archive: names and contents in memory, within bounds. Nothing is written.

The archive tools of Python and Debian write to disk, and can be led astray by links and odd names on
the way. A reader here only says what an archive holds; a Haul takes it in, and refuses the whole
archive for anything that no honest one has.
"""

from __future__ import annotations

import stat
import unicodedata
from collections.abc import Iterable

from grader.submission import FILE_BYTES

ENTRIES = 2000  # files and folders
TOTAL_BYTES = 64 << 20  # of all contents, unpacked
DEPTH = 16  # folders in one another
NAME_BYTES, PATH_BYTES = 255, 1024
TYPES = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}


class Refused(ValueError):
    """The archive or folder is not taken; the message is one line for its author."""


class Haul:
    """Collects entries; `files` maps paths (with `/`) to contents, of which large ones are cut.

    What is longer than a source file may be keeps one byte more than that, so that it shows.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self._seen: dict[str, str] = {}  # folded path → path
        self._entries = 0
        self.room = TOTAL_BYTES

    def spend(self, count: int) -> None:
        """Account for bytes that were unpacked. Raises Refused."""
        self.room -= count
        if self.room < 0:
            raise Refused(f"more than {TOTAL_BYTES >> 20} MiB when unpacked")

    def mode(self, name: str, mode: int) -> None:
        """Raise Refused for a type of file that is no regular file or folder (0: unknown)."""
        kind = stat.S_IFMT(mode)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise Refused(f"{quoted(name)} is {TYPES.get(kind, 'of an unknown type')}")

    def add(self, name: str, content: bytes | None) -> None:
        """Take an entry; content is None for a folder. Raises Refused."""
        self._entries += 1
        if self._entries > ENTRIES:
            raise Refused(f"more than {ENTRIES} files and folders")
        path = "/".join(checked(name))
        if not path:
            return
        if content is None:
            self._unique(path + "/", may_repeat=True)
        else:
            self._unique(path)
            self.files[path] = content[: FILE_BYTES + 1]

    def _unique(self, path: str, may_repeat: bool = False) -> None:
        """Raise Refused for names of which some file system makes one."""
        folded = unicodedata.normalize("NFC", path.rstrip("/")).casefold()
        other = self._seen.setdefault(folded, path)
        if other != path:
            raise Refused(f"{quoted(path)} and {quoted(other)} differ in case only, or in kind")
        if not may_repeat and path in self.files:
            raise Refused(f"{quoted(path)} is in it twice")


def checked(name: str) -> list[str]:
    """Return the parts of a path that is plain in every respect. Raises Refused."""
    _characters(name)
    if name.startswith("/") or name[1:2] == ":":
        raise Refused(f"{quoted(name)} is an absolute path")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise Refused(f"{quoted(name)} leads out of the folder")
    if len(parts) > DEPTH or len(name.encode()) > PATH_BYTES:
        raise Refused(f"{quoted(name)} is nested too deep")
    for part in parts:
        _part(part)
    return parts


def _characters(name: str) -> None:
    if any("\ud800" <= char <= "\udfff" for char in name):
        raise Refused(f"{quoted(name)} is not UTF-8")
    if not name.isprintable():  # control characters, line breaks, marks that turn a line round
        raise Refused(f"{quoted(name)} has characters that cannot be seen")
    if "\\" in name:
        raise Refused(f"{quoted(name)} has a backslash in it")


def _part(part: str) -> None:
    if part.startswith("-"):
        raise Refused(f"{quoted(part)} looks like an option")
    if len(part.encode()) > NAME_BYTES:
        raise Refused(f"{quoted(part)}: a name of more than {NAME_BYTES} bytes")


def quoted(name: str) -> str:
    """Return a name in quotes, whatever is in it, in a length that can be read."""
    return ascii(name if len(name) <= 80 else f"{name[:60]}...{name[-15:]}")


def take(entries: Iterable[tuple[str, bytes | None]], haul: Haul) -> Haul:
    """Add all entries to a haul and return it. Raises Refused."""
    for name, content in entries:
        haul.add(name, content)
    return haul
