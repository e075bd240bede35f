"""Archives that attack whoever unpacks them, and how each is answered: made here, nothing is kept."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import struct
import subprocess
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass

MIB = 1 << 20
SOURCE = b"int main(void)\n{\n    return 0;\n}\n"


@dataclass(frozen=True)
class Archive:
    """One archive: its name as handed in, how it is made, and a regular expression of the answer."""

    name: str
    make: Callable[[], bytes]
    says: str

    def __str__(self) -> str:
        return self.name


# -- tar -----------------------------------------------------------------------------------------


def tar(*members: tarfile.TarInfo | str, mode: str = "w", **options: object) -> bytes:
    """A tar archive of members; a name stands for a small regular file."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode, **options) as archive:  # type: ignore[call-overload]
        for member in members:
            if isinstance(member, str):
                member = entry(member, size=len(SOURCE))
            archive.addfile(member, io.BytesIO(SOURCE.ljust(member.size)) if member.size else None)
    return buffer.getvalue()


def entry(
    name: str, kind: bytes = tarfile.REGTYPE, target: str = "", size: int = 0
) -> tarfile.TarInfo:
    """One member of a tar archive."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, target, size
    return info


def through_link() -> bytes:
    """A link, and then a file that would be written through it."""
    return tar(entry("out", tarfile.SYMTYPE, "/tmp"), "out/pwned")


def long_header() -> bytes:
    """A header of PAX that claims, and has, a hundred megabytes."""
    info = entry("net.c")
    info.pax_headers = {"comment": "x" * (100 * MIB)}
    return gzip.compress(tar(info, format=tarfile.PAX_FORMAT), 1)


def sparse() -> bytes:
    """A file of a terabyte that has only a hole."""
    info = entry("net.c", tarfile.GNUTYPE_SPARSE)
    raw = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    raw[483:495] = b"%011o\0" % (1 << 32)
    raw[148:156] = b"        "
    raw[148:156] = b"%06o\0 " % sum(raw[:512])
    return bytes(raw) + bytes(1024)


# -- zip -----------------------------------------------------------------------------------------


def zipped(*members: str | zipfile.ZipInfo, content: bytes = SOURCE) -> bytes:
    """A zip archive of members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for member in members:
            archive.writestr(member, content)
    return buffer.getvalue()


def unix(name: str, mode: int, flags: int = 0) -> zipfile.ZipInfo:
    """A member with a mode of Unix."""
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, mode << 16
    info.flag_bits |= flags
    return info


def encrypted() -> bytes:
    """A member that says that it is encrypted."""
    raw = bytearray(zipped("net.c"))
    raw[6] |= 1
    raw[raw.index(b"PK\1\2") + 8] |= 1
    return bytes(raw)


def lying() -> bytes:
    """A member that is larger than it says."""
    raw = bytearray(zipped("net.c", content=bytes(10 * MIB)))
    at = raw.index(b"PK\1\2")
    raw[at + 24 : at + 28] = struct.pack("<I", 10)
    raw[22:26] = struct.pack("<I", 10)
    return bytes(raw)


def many_overlapping() -> bytes:
    """A thousand names for one large file: David Fifield's bomb."""
    body = zipped("net.c", content=bytes(4 * MIB))
    at, end = body.index(b"PK\1\2"), body.index(b"PK\5\6")
    listing = body[at:end] * 1000
    tail = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1000, 1000, len(listing), at, 0)
    return body[:at] + listing + tail


# -- git -----------------------------------------------------------------------------------------


def bundle(
    root: list[tuple[bytes, bytes, bytes]], *objects: tuple[int, bytes], refs: bytes = b""
) -> bytes:
    """A bundle of a commit whose tree is `root`: entries of (mode, name, id)."""
    tree = tree_of(root)
    commit = (
        b"tree %s\nauthor a <a> 0 +0000\ncommitter a <a> 0 +0000\n\nx\n"
        % object_id(2, tree).hex().encode()
    )
    every = [*objects, (2, tree), (1, commit)]
    pack = b"PACK" + struct.pack(">II", 2, len(every))
    for kind, data in every:
        pack += _header(kind, len(data)) + zlib.compress(data)
    pack += hashlib.sha1(pack).digest()
    head = refs + object_id(1, commit).hex().encode() + b" HEAD\n"
    return b"# v2 git bundle\n" + head + b"\n" + pack


def tree_of(entries: list[tuple[bytes, bytes, bytes]]) -> bytes:
    """The content of a tree."""
    return b"".join(mode + b" " + name + b"\0" + digest for mode, name, digest in entries)


def object_id(kind: int, data: bytes) -> bytes:
    """The id of an object."""
    word = {1: b"commit", 2: b"tree", 3: b"blob"}[kind]
    return hashlib.sha1(b"%s %d\0" % (word, len(data)) + data).digest()


def _header(kind: int, size: int) -> bytes:
    byte, size = kind << 4 | size & 15, size >> 4
    head = b""
    while size:
        head += bytes([byte | 0x80])
        byte, size = size & 0x7F, size >> 7
    return head + bytes([byte])


BLOB = object_id(3, SOURCE)


def linked_bundle() -> bytes:
    """A symbolic link to the model code."""
    target = b"/syslabs/solutions/epoll/net.c"
    return bundle([(b"120000", b"net.c", object_id(3, target))], (3, target))


def tree_bomb() -> bytes:
    """Ten trees of ten trees of ten trees …: a dozen objects, and more files than atoms."""
    trees = [tree_of([(b"100644", b"net.c", BLOB)])]
    for _ in range(12):
        child = object_id(2, trees[-1])
        trees.append(tree_of([(b"40000", b"%02d" % each, child) for each in range(10)]))
    root = [(b"40000", b"top", object_id(2, trees[-1]))]
    return bundle(root, (3, SOURCE), *((2, tree) for tree in trees))


def names_in_tree(name: bytes) -> Callable[[], bytes]:
    """A tree with an odd name in it."""
    return lambda: bundle([(b"100644", name, BLOB)], (3, SOURCE))


def zstd(data: bytes) -> bytes:
    """Compressed by zstd(1)."""
    return subprocess.run(["zstd", "-qc"], input=data, capture_output=True, check=True).stdout


def _bomb() -> bytes:
    return tar(entry("net.c", size=200 * MIB))


ARCHIVES = (
    Archive("dotdot.tar.gz", lambda: tar("../pwned", mode="w:gz"), "leads out of the folder"),
    Archive("dotdot-inside.tar", lambda: tar("a/../../pwned"), "leads out of the folder"),
    Archive("absolute.tar", lambda: tar("/tmp/pwned"), "absolute path"),
    Archive(
        "link.tar", lambda: tar(entry("net.c", tarfile.SYMTYPE, "/etc/shadow")), "symbolic link"
    ),
    Archive("through-link.tar.xz", lambda: lzma.compress(through_link()), "symbolic link"),
    Archive(
        "hard-link.tar", lambda: tar(entry("net.c", tarfile.LNKTYPE, "/etc/shadow")), "hard link"
    ),
    Archive("fifo.tar", lambda: tar(entry("net.c", tarfile.FIFOTYPE)), "FIFO"),
    Archive("device.tar", lambda: tar(entry("net.c", tarfile.CHRTYPE)), "device"),
    Archive("sparse.tar", sparse, "holes|not a whole"),
    Archive("bytes.tar.gz", lambda: gzip.compress(_bomb(), 1), "more than 64 MiB"),
    Archive("bytes.tar.bz2", lambda: bz2.compress(_bomb(), 1), "more than 64 MiB"),
    Archive("bytes.tar.xz", lambda: lzma.compress(_bomb(), preset=0), "more than 64 MiB"),
    Archive("bytes.tar.zst", lambda: zstd(_bomb()), "more than 64 MiB"),
    Archive("long-header.tar.gz", long_header, "more than 64 MiB"),
    Archive("entries.tar.gz", lambda: tar(*map(str, range(3000)), mode="w:gz"), "more than 2000"),
    Archive("nested-folders.tar", lambda: tar("d/" * 40 + "net.c"), "nested too deep"),
    Archive("line-break.tar", lambda: tar("net.c\nechoed"), "cannot be seen"),
    Archive("escape.tar", lambda: tar("\x1b[2Jnet.c"), "cannot be seen"),
    Archive("option.tar", lambda: tar("-rf"), "looks like an option"),
    Archive("right-to-left.tar", lambda: tar("cod\u202ec.ten"), "cannot be seen"),
    Archive("case-twins.tar", lambda: tar("net.c", "NET.c"), "case only"),
    Archive("composed-twins.tar", lambda: tar("\u00e9.c", "e\u0301.c"), "case only"),
    Archive("twice.tar", lambda: tar("net.c", "net.c"), "twice"),
    Archive(
        "file-and-folder.tar",
        lambda: tar("net.c", "net.c/x", entry("net.c", tarfile.DIRTYPE)),
        "kind",
    ),
    Archive("not-utf8.tar", lambda: tar("caf\udce9.c", errors="surrogateescape"), "not UTF-8"),
    Archive("cut.tar.gz", lambda: tar("net.c", "io.c", mode="w:gz")[:60], "not a whole tar"),
    Archive("garbage.tar.gz", lambda: b"\x1f\x8b" + bytes(range(256)) * 9, "not a whole tar"),
    Archive("empty.tar", lambda: b"", "not a whole tar|no echo_server"),
    Archive("dotdot.zip", lambda: zipped("../pwned"), "leads out of the folder"),
    Archive("absolute.zip", lambda: zipped("/tmp/pwned"), "absolute path"),
    Archive("drive.zip", lambda: zipped("C:/net.c"), "absolute path"),
    Archive("backslash.zip", lambda: zipped("..\\..\\net.c"), "backslash"),
    Archive("link.zip", lambda: zipped(unix("net.c", 0o120777)), "symbolic link"),
    Archive("device.zip", lambda: zipped(unix("net.c", 0o020666)), "device"),
    Archive("encrypted.zip", encrypted, "encrypted"),
    Archive("bytes.zip", lambda: zipped("net.c", content=bytes(200 * MIB)), "more than 64 MiB"),
    Archive("lying.zip", lying, "not a whole zip"),
    Archive("overlapping.zip", many_overlapping, "twice|more than 64 MiB|not a whole"),
    Archive("entries.zip", lambda: zipped(*map(str, range(3000))), "more than 2000"),
    Archive(
        "nested.zip", lambda: zipped("inner.zip", content=zipped("inner.zip")), "no echo_server"
    ),
    Archive("case-twins.zip", lambda: zipped("net.c", "Net.C"), "case only"),
    Archive("cut.zip", lambda: zipped("net.c")[:-9], "not a whole zip"),
    Archive("tar-in-disguise.zip", lambda: tar("net.c"), "not a whole zip"),
    Archive("link.bundle", linked_bundle, "symbolic link"),
    Archive("submodule.bundle", lambda: bundle([(b"160000", b"net.c", BLOB)]), "submodule"),
    Archive("tree-bomb.bundle", tree_bomb, "more than 2000"),
    Archive("dotdot.bundle", names_in_tree(b".."), "leads out of the folder"),
    Archive("slash.bundle", names_in_tree(b"../net.c"), "no name"),
    Archive("bytes.bundle", lambda: bundle([], (3, bytes(100 * MIB))), "more than 64 MiB"),
    Archive("missing.bundle", lambda: bundle([(b"100644", b"net.c", BLOB)]), "missing"),
    Archive("cut.bundle", lambda: linked_bundle()[:-30], "damaged"),
    Archive("builds-on.bundle", lambda: bundle([], refs=b"-" + b"0" * 40 + b" x\n"), "builds on"),
    Archive("unknown.rar", lambda: b"Rar!", "neither a folder nor an archive"),
)
